-- $1 tenant, $2 sessions, as JSON: of each the open one, else the newest.
FROM (SELECT DISTINCT value FROM json_each($2)) AS wanted
    JOIN sandboxes ON sandboxes.number = (
        SELECT number FROM sandboxes AS candidate
        WHERE candidate.tenant = $1 AND candidate.session = wanted.value
        ORDER BY candidate.desired <> 'stopped' DESC, candidate.number DESC
        LIMIT 1
    )
    JOIN documents ON documents.sandbox = sandboxes.number
