-- safe: harmless-alter
GRANT SELECT ON coupons TO reporting;
