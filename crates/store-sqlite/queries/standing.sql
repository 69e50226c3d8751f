-- Every one of which something is left, in the order of changes. The index holds no others, whatever the length of the
-- history.
FROM sandboxes INDEXED BY sandboxes_with_something_left JOIN documents ON documents.sandbox = sandboxes.number
WHERE phase <> 'stopped'
ORDER BY mark
