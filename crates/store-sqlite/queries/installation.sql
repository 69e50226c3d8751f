SELECT id, born_at FROM installation
