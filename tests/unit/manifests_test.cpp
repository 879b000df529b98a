// SPDX-License-Identifier: Apache-2.0
// Templates, and what is made of them.

#include <filesystem>
#include <set>

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/embedded.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "manifests/argocd.hpp"
#include "manifests/template.hpp"
#include "manifests/yaml.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

TEST(Template, FillsInValues) {
  EXPECT_EQ(fill_in("a: ${x}${y}\nb: $x {{ .z }}\n", {.values = {{"x", "1"}, {"y", "${x}"}}}),
            "a: 1${x}\nb: $x {{ .z }}\n");
}

TEST(Template, TakesTheLinesOfACase) {
  const std::string text = "#: if a\n1\n  #: if b\n2\n#: end\n#: end\n#: if not a\n3\n#: end\n4\n";
  EXPECT_EQ(fill_in(text, {.words = {"a", "b"}}), "1\n2\n4\n");
  EXPECT_EQ(fill_in(text, {.words = {"a"}}), "1\n4\n");
  EXPECT_EQ(fill_in(text, {.words = {"b"}}), "3\n4\n");
}

TEST(Template, IncludesAsDeepAsTheLineStands) {
  const TemplateContext context{
      .values = {{"x", "1"}}, .texts = {{"b", "c: ${x}\n#: set x 2\n\n#: include d\n"}, {"d", "e: ${x}\n"}}};
  EXPECT_EQ(fill_in("a:\n  #: include b\n", context), "a:\n  c: 1\n\n  e: 2\n");
}

TEST(Template, WhatItDoesNotKnowIsABug) {
  for (const char* text :
       {"${x}", "#: include x\n", "#: if a\n", "#: end\n", "#: unless a\n", "#: if not\n"}) {
    EXPECT_THROW(fill_in(text, {}), Error) << text;
  }
}

TEST(Template, DataStaysAsItIs) {
  const TemplateContext context{.values = {{"app", "shop"}},
                                .words = {},
                                .texts = {},
                                .data = {{"files", "${app}\n#: end\n\n#: include x\n"}}};
  EXPECT_EQ(fill_in("${app}:\n  #: include files\n", context),
            "shop:\n  ${app}\n  #: end\n\n  #: include x\n");
}

/// Whoever adds an exit code adds it here, and sees whether the hooks fail on it.
bool is_exit_code(ExitCode code) {
  switch (code) {
    case ExitCode::ok:
    case ExitCode::findings:
    case ExitCode::usage:
    case ExitCode::precondition:
    case ExitCode::wrong_target:
    case ExitCode::refused:
    case ExitCode::lock_budget:
    case ExitCode::gate_closed:
    case ExitCode::file_changed:
    case ExitCode::other_run:
    case ExitCode::unreachable:
    case ExitCode::release_mismatch:
    case ExitCode::data_violation:
    case ExitCode::statement_failed:
    case ExitCode::bug:
    case ExitCode::interrupted:
    case ExitCode::terminated: return true;
  }
  return false;
}

TEST(Manifests, QuoteTextForYaml) {
  EXPECT_EQ(yaml_quoted("a\"b\\\n\x1b\xff"), "\"a\\\"b\\\\\\n\\u001b\\ufffd\"");
  EXPECT_EQ(yaml_quoted("\u00fc"), "\"\\u00fc\"");
  for (const char* plain :
       {"shop", "on-call", "no1", "registry.example:5000/shop:2.4.0@sha256:00ff", "../app", "10m"})
    EXPECT_EQ(yaml_scalar(plain), plain);
  for (const char* other : {"on", "No", "y", "null", "~", "1e3", "12", "0x1f", "1_000", "12:30", "2024-01-01",
                            ".5", "-x", "@x", "x:", "", "a b", "a: b", "a #b"})
    EXPECT_EQ(yaml_scalar(other), yaml_quoted(other)) << other;
}

std::vector<ManifestFile> manifests(ArgocdOptions options, const std::vector<Migration>& migrations = {}) {
  options.app = "shop";
  options.image = "shop:1";
  options.release = "1";
  if (options.digest.empty()) options.digest = "sha256:0123456789abcdef";
  return argocd_manifests(options, migrations);
}

const ManifestFile* find(const std::vector<ManifestFile>& files, std::string_view path) {
  for (const ManifestFile& file : files) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

TEST(Manifests, HooksReadTheMigrationsAsInitHasReadThem) {
  const auto files = manifests({.reading = {"--tool", "goose", "--placeholder", "schema=${app}"}});
  EXPECT_THAT(find(files, "base/hook-presync.yaml")->text,
              ::testing::HasSubstr("            - \"--tool\"\n            - \"goose\"\n"
                                   "            - \"--placeholder\"\n            - \"schema=${app}\"\n"));
}

/// A code that the Job's policy does not name is a failure that backoffLimit decides about.
TEST(Manifests, NameEveryExitCodeThatAHookFailsWith) {
  const auto files = manifests({.postsync = true});
  for (const char* hook : {"base/hook-presync.yaml", "base/hook-postsync.yaml"}) {
    const std::string& text = find(files, hook)->text;
    constexpr std::string_view key = "operator: In, values: [";
    const std::size_t begin = text.find(key);
    ASSERT_NE(begin, std::string::npos) << hook;
    const std::string list = text.substr(begin + key.size(), text.find(']', begin) - begin - key.size());
    std::set<int> named;
    for (const std::string_view code : split(list, ',')) named.insert(std::stoi(std::string(trim(code))));
    for (int code = 0; code < 256; ++code) {
      const bool fails = is_exit_code(static_cast<ExitCode>(code)) &&
                         code != static_cast<int>(ExitCode::ok) &&
                         code != static_cast<int>(ExitCode::findings);  // only lint ends so
      EXPECT_EQ(named.contains(code), fails) << hook << " " << code;
    }
  }
}

TEST(Manifests, AreThoseThatAreAskedFor) {
  const auto plain = manifests({});
  EXPECT_NE(find(plain, "base/hook-presync.yaml"), nullptr);
  EXPECT_EQ(find(plain, "base/hook-postsync.yaml"), nullptr);
  EXPECT_EQ(find(plain, "base/migrations.yaml"), nullptr);
  EXPECT_TRUE(find(plain, "overlays/staging/kustomization.yaml")->once);
  for (const ManifestFile& file : plain) {
    EXPECT_EQ(file.text.find("#: "), std::string::npos) << file.path;
    EXPECT_EQ(file.text.find("${"), std::string::npos) << file.path;
  }
  const auto more = manifests(
      {.overlays = {"only"}, .migrations_in = ArgocdOptions::MigrationsIn::config_map, .postsync = true});
  EXPECT_NE(find(more, "base/hook-postsync.yaml"), nullptr);
  EXPECT_NE(find(more, "base/migrations.yaml"), nullptr);
  EXPECT_EQ(find(more, "overlays/staging/kustomization.yaml"), nullptr);
}

/// A hook that Argo CD would lose sight of, or that would run beside another one.
TEST(Manifests, OfHooksKeepToWhatArgoCanSee) {
  for (const auto kind : {ArgocdOptions::HookKind::job, ArgocdOptions::HookKind::pod}) {
    const auto files = manifests({.hook_kind = kind, .postsync = true});
    for (const char* path :
         {"base/hook-presync.yaml", "base/hook-postsync.yaml", "base/hook-syncfail.yaml"}) {
      const std::string& text = find(files, path)->text;
      EXPECT_NE(text.find("hook-delete-policy: BeforeHookCreation\n"), std::string::npos) << path;
      for (const char* word :
           {"generateName", "suspend:", "ttlSecondsAfterFinished", "HookSucceeded", "HookFailed"}) {
        EXPECT_EQ(text.find(word), std::string::npos) << path << " " << word;
      }
      EXPECT_NE(text.find("  name: shop-"), std::string::npos);
    }
  }
}

/// Argo CD does not sync for a change of hooks, and a hook before the sync sees what was there before.
TEST(Manifests, OtherMigrationsMakeAnotherDeploymentAndAnotherConfigMap) {
  const auto text = [](const std::string& digest, const char* path) {
    const auto files =
        manifests({.migrations_in = ArgocdOptions::MigrationsIn::config_map, .digest = digest});
    return find(files, path)->text;
  };
  using ::testing::HasSubstr;
  EXPECT_THAT(text("sha256:0123456789abcdef", "base/guard.yaml"),
              AllOf(HasSubstr("pgsluice/migrations: \"0123456789ab\""),
                    HasSubstr("pgsluice/needs: \"sha256:0123456789abcdef\"")));
  EXPECT_NE(text("sha256:0", "base/guard.yaml"), text("sha256:1", "base/guard.yaml"));
  const std::string config = text("sha256:0123456789abcdef", "base/migrations.yaml");
  EXPECT_THAT(config, AllOf(HasSubstr("name: shop-migrations-0123456789ab\n"), HasSubstr("hook: PreSync\n"),
                            HasSubstr("sync-wave: \"-1\"\n")));
  EXPECT_THAT(text("sha256:0123456789abcdef", "base/hook-presync.yaml"),
              HasSubstr("name: shop-migrations-0123456789ab"));
}

TEST(Manifests, AHookEndsByItselfBeforeItIsEnded) {
  const auto text = [](std::chrono::milliseconds deadline) {
    return find(manifests({.deadline = deadline}), "base/hook-presync.yaml")->text;
  };
  EXPECT_NE(text(std::chrono::hours(1)).find("--budget, 58m]"), std::string::npos);
  EXPECT_NE(text(std::chrono::minutes(10)).find("--budget, 9m]"), std::string::npos);
  EXPECT_NE(text(std::chrono::minutes(10)).find("activeDeadlineSeconds: 600\n"), std::string::npos);
}

/// The guard's digest is of the bytes.
TEST(Manifests, WhatIsNoTextStandsInAConfigMapAsItsBytes) {
  const auto folder =
      std::filesystem::temp_directory_path() / cat("pgsluice-manifests-", std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  write_file(folder / "1_bom.sql", "\xEF\xBB\xBFSELECT 1;\n");
  write_file(folder / "2_latin1.sql", "SELECT '\xE4';\n");
  write_file(folder / "3_text.sql", "SELECT 'ä';\n");
  const auto files =
      manifests({.migrations_in = ArgocdOptions::MigrationsIn::config_map}, discover(folder, {}));
  std::filesystem::remove_all(folder);
  const std::string& text = find(files, "base/migrations.yaml")->text;
  EXPECT_THAT(text, AllOf(::testing::HasSubstr("binaryData:\n  \"1_bom.sql\": 77u/U0VMRUNUIDE7Cg==\n"
                                               "  \"2_latin1.sql\": U0VMRUNUICfkJzsK\n"),
                          ::testing::HasSubstr("  \"3_text.sql\": |\n    SELECT 'ä';\n")));
}

TEST(Manifests, TheKeysOfAConfigMapDiffer) {
  std::vector<Migration> migrations(2);
  migrations[0].id = "a/b.sql";
  migrations[1].id = "a_b.sql";
  const auto files = manifests({.migrations_in = ArgocdOptions::MigrationsIn::config_map}, migrations);
  const std::string& hook = find(files, "base/hook-presync.yaml")->text;
  EXPECT_NE(hook.find("{key: \"a_b.sql\", path: \"a/b.sql\"}"), std::string::npos);
  EXPECT_NE(hook.find("{key: \"a_b.sql_\", path: \"a_b.sql\"}"), std::string::npos);
}

}  // namespace
}  // namespace pgsluice
