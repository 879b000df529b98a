-- dangerous: detach-blocks-reads
ALTER TABLE readings DETACH PARTITION readings_2019;  -- finds: breaks-running-readers, waits-without-lock-timeout
