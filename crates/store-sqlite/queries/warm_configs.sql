SELECT name, document, updated_at FROM warm_configs ORDER BY name
