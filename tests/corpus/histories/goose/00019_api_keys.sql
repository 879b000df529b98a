CREATE TABLE api_keys (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    secret_hash bytea NOT NULL,
    last_used_at timestamptz
);
CREATE INDEX api_keys_account ON api_keys (account_id);
GRANT SELECT ON api_keys TO support;
