DROP TABLE users; -- no number: not run
