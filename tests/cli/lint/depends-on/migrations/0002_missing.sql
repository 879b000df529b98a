-- pgsluice: phase=contract depends-on=0001_orders.sql,0001_order.sql
DROP TABLE orders;
