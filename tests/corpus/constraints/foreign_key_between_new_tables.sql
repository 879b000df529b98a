-- safe: foreign-key-locks-other-table
CREATE TABLE batches (id bigint PRIMARY KEY);
CREATE TABLE batch_items (id bigint PRIMARY KEY, batch_id bigint);
ALTER TABLE batch_items ADD CONSTRAINT batch_items_batch_fkey FOREIGN KEY (batch_id) REFERENCES batches (id);
