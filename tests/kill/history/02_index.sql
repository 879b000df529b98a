-- pgsluice: transaction=off
CREATE INDEX CONCURRENTLY items_note ON items (note);
