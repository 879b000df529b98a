-- SPDX-License-Identifier: Apache-2.0
-- What Argo CD shows of a Job with the health check that `init argocd` writes. Lua 5.1 is the version that Argo CD has.
--   lua5.1 health.lua CHECK
local check = assert(loadfile(arg[1]))

local function health(object)
  setfenv(check, {obj = object, ipairs = ipairs, pairs = pairs})
  return check()
end

local function job(live, ...)
  return {
    metadata = {annotations = live and {["pgsluice/status"] = live} or nil},
    status = {conditions = {...}},
  }
end

local function condition(kind, status, message) return {type = kind, status = status or "True", message = message or kind} end

local failed = false
local function expect(what, object, status, message)
  local is = health(object)
  if is.status ~= status or is.message ~= message then
    print(what .. ": " .. tostring(is.status) .. ", " .. tostring(is.message) .. "; expected " .. status .. ", " .. message)
    failed = true
  end
end

local wait = "waits for the lock on public.orders, held by pid 42"
expect("a Job that nobody has seen", {metadata = {}}, "Progressing", "the Job is running")
expect("a Job that runs", job(nil), "Progressing", "the Job is running")
expect("what it waits for", job(wait), "Progressing", wait)
expect("success", job(nil, condition("Complete")), "Healthy", "Complete")
expect("success, and what it says", job("exit 0: nothing to do", condition("Complete")), "Healthy", "exit 0: nothing to do")
expect("failure", job(nil, condition("Failed", "True", "BackoffLimitExceeded")), "Degraded", "BackoffLimitExceeded")
expect("failure, and what it says", job("exit 11: " .. wait, condition("Failed", "True", "pod failure policy")), "Degraded",
  "exit 11: " .. wait .. " (pod failure policy)")
expect("a suspended Job is no success", job(nil, condition("Suspended", "True", "Job suspended")), "Suspended", "Job suspended")
expect("one that goes on runs", job(wait, condition("Suspended", "False", "Job resumed")), "Progressing", wait)
expect("and is done when it is done", job(nil, condition("Suspended", "False"), condition("Complete")), "Healthy", "Complete")
expect("a condition that is not met", job(nil, condition("Failed", "False")), "Progressing", "the Job is running")
os.exit(failed and 1 or 0)
