UPDATE settings SET value = '{"projects": 10}' WHERE key = 'limits';
