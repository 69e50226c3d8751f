-- $1 a mark: those that were written after it, in the order of changes.
FROM sandboxes JOIN documents ON documents.sandbox = sandboxes.number
WHERE mark > $1
ORDER BY mark
