-- safe: enum-value-used-too-early
INSERT INTO parcels (id, state) VALUES (0, 'lost');
