-- Everything that must be equal after a disturbed run; what differs from run to run (times, run ids, batch sizes) is left out.
SELECT 'relation', c.oid::regclass, c.relkind FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace ORDER BY 2;
SELECT 'column', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 ORDER BY 2, a.attnum;
SELECT 'index', pg_get_indexdef(indexrelid), indisvalid, indisready FROM pg_index JOIN pg_class c ON c.oid = indrelid
  WHERE c.relnamespace = 'public'::regnamespace ORDER BY 2;
SELECT 'constraint', conrelid::regclass, pg_get_constraintdef(oid), convalidated FROM pg_constraint
  WHERE connamespace = 'public'::regnamespace ORDER BY 2, 3;
SELECT 'items', count(*), md5(string_agg(t::text, ',' ORDER BY t::text)) FROM items t;
SELECT 'copies', count(*), md5(string_agg(t::text, ',' ORDER BY t::text)) FROM copies t;
SELECT 'log', string_agg(what, ',' ORDER BY what) FROM log;
SELECT 'migration', id, state, sha256, fingerprint, error FROM pgsluice.migration ORDER BY id;
SELECT 'statement', migration_id, n, step, kind, fingerprint, transactional, done_at IS NOT NULL FROM pgsluice.statement ORDER BY 2, 3;
SELECT 'backfill', migration_id, n, walked, done, cursor, state FROM pgsluice.backfill ORDER BY 2, 3;
SELECT 'lease', run_id IS NULL FROM pgsluice.lease;
