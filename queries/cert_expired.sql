-- title: Expired server certificates
-- question: Which certificates that IAM stores have expired or will soon?
-- columns: account, resource, status, severity, reason, days_left, until_ms, uploaded_ms
WITH stored AS (
    SELECT account, thing, state, created_ms, until_ms
    FROM inventory
    WHERE kind = 'server-certificate'
),
judged AS (
    SELECT
        a.account AS account,
        CASE WHEN s.state = 'present' THEN s.thing ELSE a.account END AS resource,
        CASE
            WHEN s.state IS NULL THEN 'not-given'
            WHEN s.state = 'unknown' THEN 'untold'
            WHEN s.state = 'absent' THEN 'none'
            WHEN s.until_ms IS NULL THEN 'undated'
            WHEN s.until_ms <= p.as_of_ms THEN 'expired'
            WHEN s.until_ms - p.as_of_ms <= p.certificate_warn_days * 86400000 THEN 'soon'
            ELSE 'valid'
        END AS verdict,
        CAST(FLOOR((s.until_ms - p.as_of_ms) / 86400000.0) AS BIGINT) AS days_left,
        s.until_ms AS until_ms,
        s.created_ms AS uploaded_ms
    FROM accounts AS a
    LEFT JOIN stored AS s ON a.account = s.account
    CROSS JOIN params AS p
    WHERE a.owned
)
SELECT
    account,
    resource,
    CASE
        WHEN verdict = 'expired' OR verdict = 'soon' THEN 'FAIL'
        WHEN verdict = 'valid' OR verdict = 'none' THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE WHEN verdict = 'soon' THEN 'LOW' ELSE 'MEDIUM' END AS severity,
    CASE
        WHEN verdict = 'not-given' THEN 'no server certificate is listed: there is none, or the list was not given'
        WHEN verdict = 'untold' THEN 'the list of server certificates could not be exported'
        WHEN verdict = 'none' THEN 'the account stores no server certificates'
        WHEN verdict = 'undated' THEN 'no export says when the certificate expires'
        WHEN verdict = 'expired' THEN 'the certificate has expired'
        WHEN verdict = 'soon' THEN 'the certificate expires soon'
        ELSE 'the certificate is valid'
    END AS reason,
    days_left,
    until_ms,
    uploaded_ms
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
