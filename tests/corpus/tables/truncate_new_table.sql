-- safe: truncate-destroys
SET lock_timeout = '2s';
CREATE TABLE coupon_import (code text);
INSERT INTO coupon_import VALUES ('A');
TRUNCATE coupon_import;
