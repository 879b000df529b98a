DROP INDEX users_id_name;
