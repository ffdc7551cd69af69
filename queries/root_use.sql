-- title: Use of the root user
-- question: What was done as the root user of which account, from where, with MFA or without?
-- columns: account, kind, event_source, event_name, region, source_ip, user_agent, mfa_authenticated, outcome, calls, first_seen_ms, last_seen_ms, sample_event_id
-- size: large
-- Sessions of sts:AssumeRoot say so; what AWS does by itself in the root user's name comes as service events.
WITH told AS (
    SELECT
        e.account AS account,
        CASE
            WHEN e.assumed_root THEN 'task-session'
            WHEN e.event_type = 'AwsServiceEvent' THEN 'service-event'
            ELSE 'root'
        END AS kind,
        e.event_source AS event_source,
        e.event_name AS event_name,
        e.region AS region,
        e.source_ip AS source_ip,
        e.user_agent AS user_agent,
        COALESCE(e.mfa_used, e.mfa_authenticated) AS mfa_authenticated,
        CASE WHEN NOT e.signed_in THEN 'denied' ELSE e.outcome END AS outcome,
        e.event_time_ms AS event_time_ms,
        e.event_id AS event_id
    FROM events AS e
    CROSS JOIN params AS p
    WHERE e.event_time_ms >= p.window_start_ms
        AND e.event_time_ms < p.as_of_ms
        AND e.principal_type = 'Root'
)
SELECT
    account,
    kind,
    event_source,
    event_name,
    region,
    source_ip,
    user_agent,
    mfa_authenticated,
    outcome,
    CAST(COUNT(*) AS BIGINT) AS calls,
    MIN(event_time_ms) AS first_seen_ms,
    MAX(event_time_ms) AS last_seen_ms,
    MIN(event_id) AS sample_event_id
FROM told
GROUP BY account, kind, event_source, event_name, region, source_ip, user_agent, mfa_authenticated, outcome
ORDER BY
    account ASC NULLS LAST,
    kind ASC NULLS LAST,
    event_source ASC NULLS LAST,
    event_name ASC NULLS LAST,
    region ASC NULLS LAST,
    source_ip ASC NULLS LAST,
    user_agent ASC NULLS LAST,
    mfa_authenticated ASC NULLS LAST,
    outcome ASC NULLS LAST
