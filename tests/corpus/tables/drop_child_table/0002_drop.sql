-- dangerous: drop-table-locks-parent
-- pgsluice: phase=contract needs-app=shop>=5.0
DROP TABLE cart_items;  -- finds: waits-without-lock-timeout
