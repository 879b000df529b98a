-- pgsluice: phase=contract depends-on=0001_orders.sql
DROP FUNCTION total();
