-- $1 challenge, $2 now. Returns a row if it was there, with whether it could still be taken.
DELETE FROM admin_challenges WHERE challenge = $1 RETURNING expires_at > $2 AS in_time;
