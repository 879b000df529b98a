-- strings are strings: '${schema}'
ALTER TABLE ${schema}.orders ADD COLUMN total ${total};
ALTER TABLE ${schema}.orders ADD COLUMN at timestamptz DEFAULT ${default};
ALTER TABLE ${schema}.orders OWNER TO :"owner";
UPDATE ${schema}.orders SET tags = tags[1:2] WHERE id = :id AND note = :'owner' AND at::text <> '${schema} :owner';
COMMENT ON TABLE ${schema}.orders IS :'owner';
SELECT tags[id:id] FROM ${schema}.orders;
${anything}
