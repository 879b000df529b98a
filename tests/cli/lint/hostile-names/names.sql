SET lock_timeout = '1s';
-- Names that mean something to each of the forms.
DROP TABLE "a|b`c``", "<img src=x onerror=alert(1)>", "@everyone", "x]]>&amp;'""", "::error::no%0Aline";
-- pgsluice: allow breaks-running-readers because "50% of <b>it</b> & `more`"
DROP TABLE "[click](javascript:alert(1))";
