-- title: Use of secrets
-- question: Which secrets were read, by how many, and when last?
-- columns: account, secret_arn, reads, readers, first_read_ms, last_read_ms
-- size: large
WITH told AS (
    SELECT
        a.account AS account,
        a.resource_arn AS secret_arn,
        a.principal_key AS principal_key,
        a.event_time_ms AS read_ms
    FROM event_actions AS a
    CROSS JOIN params AS p
    WHERE a.event_time_ms >= p.window_start_ms
        AND a.event_time_ms < p.as_of_ms
        AND a.action = 'secretsmanager:GetSecretValue'
        AND a.outcome = 'allowed'
        AND a.arn_provenance <> 'type-wildcard'
)
SELECT
    account,
    secret_arn,
    CAST(COUNT(*) AS BIGINT) AS reads,
    CAST(COUNT(DISTINCT principal_key) AS BIGINT) AS readers,
    MIN(read_ms) AS first_read_ms,
    MAX(read_ms) AS last_read_ms
FROM told
GROUP BY account, secret_arn
ORDER BY account ASC NULLS LAST, secret_arn ASC NULLS LAST
