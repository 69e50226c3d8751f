-- $1 pairs of id and time, as JSON. Neither version nor mark change.
UPDATE sandboxes SET activity_at = max(activity_at, seen.at)
FROM (SELECT value ->> 0 AS id, max(value ->> 1) AS at FROM json_each($1) GROUP BY 1) AS seen
WHERE sandboxes.id = seen.id;
