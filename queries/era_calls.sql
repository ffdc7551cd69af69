-- title: Calls by era
-- question: Of callers whose grants changed: who did or was refused what on which resource, between which two changes, how often and when?
-- columns: account, principal_key, era, principal_arn, principal_type, action, resource_arn, arn_provenance, region, context_class, outcome, error_code, denied_effect, denied_policy_type, denied_policy_arn, calls, first_seen_ms, last_seen_ms, sample_event_first, sample_event_last
-- size: large
-- The rows of usage.sql and denials.sql once more, split where the grants of the caller or of the role that it takes up
-- changed. Table eras has one row per principal key, day and era, so that a call meets the eras of its day only.
-- A call that both accounts of a cross-account request logged counts once: the caller's copy wins.
WITH counted AS (
    SELECT
        a.event_id AS event_id,
        a.event_time_ms AS event_time_ms,
        a.principal_account AS principal_account,
        a.principal_key AS principal_key,
        a.principal_arn AS principal_arn,
        a.principal_type AS principal_type,
        e.era AS era,
        a.action AS action,
        a.resource_arn AS resource_arn,
        a.arn_provenance AS arn_provenance,
        a.region AS region,
        a.context_class AS context_class,
        a.outcome AS outcome,
        a.error_code AS error_code,
        a.denied_effect AS denied_effect,
        a.denied_policy_type AS denied_policy_type,
        a.denied_policy_arn AS denied_policy_arn
    FROM event_actions AS a
    INNER JOIN eras AS e ON a.principal_key = e.principal_key AND a.date = e.date
    LEFT JOIN told_twice AS c ON a.call_key = c.call_key
    CROSS JOIN params AS p
    WHERE (a.side = 'caller' OR c.call_key IS NULL)
        AND (a.outcome = 'allowed' OR a.outcome = 'denied')
        AND a.action IS NOT NULL
        AND a.event_time_ms >= e.start_ms
        AND a.event_time_ms < e.end_ms
        AND a.event_time_ms >= p.window_start_ms
        AND a.event_time_ms < p.as_of_ms
)
SELECT
    principal_account AS account,
    principal_key,
    MAX(principal_arn) AS principal_arn,
    MAX(principal_type) AS principal_type,
    era,
    action,
    resource_arn,
    arn_provenance,
    region,
    context_class,
    outcome,
    error_code,
    denied_effect,
    denied_policy_type,
    denied_policy_arn,
    CAST(COUNT(*) AS BIGINT) AS calls,
    MIN(event_time_ms) AS first_seen_ms,
    MAX(event_time_ms) AS last_seen_ms,
    MIN(event_id) AS sample_event_first,
    MAX(event_id) AS sample_event_last
FROM counted
GROUP BY principal_account, principal_key, era, action, resource_arn, arn_provenance, region, context_class, outcome, error_code, denied_effect, denied_policy_type, denied_policy_arn
ORDER BY
    account ASC NULLS LAST,
    principal_key ASC NULLS LAST,
    era ASC NULLS LAST,
    action ASC NULLS LAST,
    resource_arn ASC NULLS LAST,
    arn_provenance ASC NULLS LAST,
    region ASC NULLS LAST,
    context_class ASC NULLS LAST,
    outcome ASC NULLS LAST,
    error_code ASC NULLS LAST,
    denied_effect ASC NULLS LAST,
    denied_policy_type ASC NULLS LAST,
    denied_policy_arn ASC NULLS LAST
