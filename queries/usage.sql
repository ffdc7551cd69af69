-- title: Usage
-- question: Which principal was authorised (or not) to do what to which resource, in which context, how often and when?
-- columns: account, principal_key, principal_arn, principal_type, action, resource_arn, arn_provenance, region, context_class, outcome, calls, first_seen_ms, last_seen_ms, sample_event_first, sample_event_last
-- size: large
-- A call that both accounts of a cross-account request logged counts once: the caller's copy wins.
WITH counted AS (
    SELECT
        a.event_id AS event_id,
        a.event_time_ms AS event_time_ms,
        a.principal_account AS principal_account,
        a.principal_key AS principal_key,
        a.principal_arn AS principal_arn,
        a.principal_type AS principal_type,
        a.action AS action,
        a.resource_arn AS resource_arn,
        a.arn_provenance AS arn_provenance,
        a.region AS region,
        a.context_class AS context_class,
        a.outcome AS outcome
    FROM event_actions AS a
    LEFT JOIN told_twice AS c ON a.call_key = c.call_key
    CROSS JOIN params AS p
    WHERE (a.side = 'caller' OR c.call_key IS NULL)
        AND a.action IS NOT NULL
        AND a.principal_key IS NOT NULL
        AND a.event_time_ms >= p.window_start_ms
        AND a.event_time_ms < p.as_of_ms
)
SELECT
    principal_account AS account,
    principal_key,
    MAX(principal_arn) AS principal_arn,
    MAX(principal_type) AS principal_type,
    action,
    resource_arn,
    arn_provenance,
    region,
    context_class,
    outcome,
    CAST(COUNT(*) AS BIGINT) AS calls,
    MIN(event_time_ms) AS first_seen_ms,
    MAX(event_time_ms) AS last_seen_ms,
    MIN(event_id) AS sample_event_first,
    MAX(event_id) AS sample_event_last
FROM counted
GROUP BY principal_account, principal_key, action, resource_arn, arn_provenance, region, context_class, outcome
ORDER BY
    account ASC NULLS LAST,
    principal_key ASC NULLS LAST,
    action ASC NULLS LAST,
    resource_arn ASC NULLS LAST,
    arn_provenance ASC NULLS LAST,
    region ASC NULLS LAST,
    context_class ASC NULLS LAST,
    outcome ASC NULLS LAST
