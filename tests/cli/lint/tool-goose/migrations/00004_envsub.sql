-- +goose ENVSUB ON
-- +goose Up
CREATE TABLE ${SCHEMA}.audit (id bigint, at timestamptz DEFAULT ${NOW});
ALTER TABLE ${SCHEMA}.audit ADD COLUMN who text;
