SELECT max(last_mark, (SELECT coalesce(max(mark), 0) FROM sandboxes)) FROM installation
