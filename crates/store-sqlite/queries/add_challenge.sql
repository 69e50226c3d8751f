-- $1 challenge, $2 expires_at, $3 now.
DELETE FROM admin_challenges WHERE expires_at <= $3;

INSERT INTO admin_challenges (challenge, expires_at) VALUES ($1, $2);
