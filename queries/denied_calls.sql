-- title: Denied calls, each once
-- question: Which call was refused to whom, on what, from where and on which day, and what did AWS say of it?
-- columns: account, principal_key, principal_arn, principal_type, federated_name, session_policy, session_policy_arns, in_session, is_told, event_source, event_name, event_category, action, resource_arn, arn_provenance, region, context_class, error_code, denied_effect, denied_policy_type, denied_policy_arn, error_message, source_ip, date, calls, first_seen_ms, last_seen_ms, sample_event_first, sample_event_last
-- size: large
-- A call may stand for several actions on several resources, and in the logs of two accounts; here it counts once: the caller's
-- copy wins, then the action that the denial's message speaks of, then one that the call is named after. A call whose action the
-- reference does not know counts too. Of sessions as in session_calls.sql. The message is only given where it speaks of an
-- action that the call does not stand for, or nothing of it was kept, or may name a resource that the call does not.
WITH denied AS (
    SELECT
        e.event_id AS event_id,
        e.event_time_ms AS event_time_ms,
        e.date AS date,
        e.region AS region,
        e.event_source AS event_source,
        e.event_name AS event_name,
        e.event_category AS event_category,
        e.error_code AS error_code,
        e.error_message AS error_message,
        e.source_ip AS source_ip,
        e.shared_event_id AS shared_event_id,
        e.access_key_id AS access_key_id,
        e.session_name AS session_name,
        e.principal_key AS principal_key,
        e.principal_arn AS principal_arn,
        e.principal_type AS principal_type,
        e.principal_account AS principal_account
    FROM events AS e
    CROSS JOIN params AS p
    WHERE e.outcome = 'denied'
        AND e.event_time_ms >= p.window_start_ms
        AND e.event_time_ms < p.as_of_ms
),
denied_actions AS (
    SELECT event_id, action, resource_arn, arn_provenance, context_class, denied_effect, denied_policy_type, denied_policy_arn, call_key, side, derived
    FROM event_actions
    WHERE outcome = 'denied'
),
asked AS (
    SELECT
        d.event_id AS event_id,
        d.event_time_ms AS event_time_ms,
        d.date AS date,
        d.region AS region,
        d.event_source AS event_source,
        d.event_name AS event_name,
        d.event_category AS event_category,
        d.error_code AS error_code,
        d.error_message AS error_message,
        d.source_ip AS source_ip,
        d.access_key_id AS access_key_id,
        d.session_name AS session_name,
        d.principal_key AS principal_key,
        d.principal_arn AS principal_arn,
        d.principal_type AS principal_type,
        d.principal_account AS principal_account,
        a.action AS action,
        a.resource_arn AS resource_arn,
        a.arn_provenance AS arn_provenance,
        a.context_class AS context_class,
        a.denied_effect AS denied_effect,
        a.denied_policy_type AS denied_policy_type,
        a.denied_policy_arn AS denied_policy_arn,
        COALESCE(a.call_key, d.shared_event_id, d.event_id) AS call_key,
        CASE WHEN COALESCE(a.side, 'caller') = 'caller' AND COALESCE(d.principal_type, 'none') <> 'AWSAccount' THEN 0 ELSE 1 END AS side_rank,
        CASE WHEN a.denied_effect IS NOT NULL OR a.denied_policy_type IS NOT NULL THEN 0 ELSE 1 END AS told_rank,
        CASE WHEN a.derived THEN 1 ELSE 0 END AS derived_rank,
        COALESCE(a.action, '') AS action_rank,
        COALESCE(a.resource_arn, '') AS resource_rank
    FROM denied AS d
    LEFT JOIN denied_actions AS a ON d.event_id = a.event_id
),
ranked AS (
    SELECT
        event_id,
        event_time_ms,
        date,
        region,
        event_source,
        event_name,
        event_category,
        error_code,
        error_message,
        source_ip,
        access_key_id,
        session_name,
        principal_key,
        principal_arn,
        principal_type,
        principal_account,
        action,
        resource_arn,
        arn_provenance,
        context_class,
        denied_effect,
        denied_policy_type,
        denied_policy_arn,
        told_rank,
        ROW_NUMBER() OVER (PARTITION BY call_key ORDER BY side_rank ASC, told_rank ASC, derived_rank ASC, action_rank ASC, resource_rank ASC, event_id ASC) AS place
    FROM asked
),
counted AS (
    SELECT
        r.event_id AS event_id,
        r.event_time_ms AS event_time_ms,
        r.date AS date,
        r.region AS region,
        r.event_source AS event_source,
        r.event_name AS event_name,
        r.event_category AS event_category,
        r.error_code AS error_code,
        CASE WHEN (r.told_rank = 1 OR r.arn_provenance = 'type-wildcard') AND r.error_message LIKE '%is not authorized to perform%' THEN r.error_message ELSE NULL END AS error_message,
        r.source_ip AS source_ip,
        r.principal_key AS principal_key,
        r.principal_arn AS principal_arn,
        r.principal_type AS principal_type,
        r.principal_account AS principal_account,
        r.action AS action,
        r.resource_arn AS resource_arn,
        r.arn_provenance AS arn_provenance,
        r.context_class AS context_class,
        r.denied_effect AS denied_effect,
        r.denied_policy_type AS denied_policy_type,
        r.denied_policy_arn AS denied_policy_arn,
        CASE WHEN r.principal_type = 'FederatedUser' AND s.issued_access_key_id IS NOT NULL THEN r.session_name ELSE NULL END AS federated_name,
        s.session_policy AS session_policy,
        s.session_policy_arns AS session_policy_arns,
        CASE WHEN s.issued_access_key_id IS NOT NULL THEN TRUE END AS in_session,
        s.is_told AS is_told
    FROM ranked AS r
    LEFT JOIN bounded_sessions AS s ON r.access_key_id = s.issued_access_key_id
    WHERE r.place = 1
)
SELECT
    principal_account AS account,
    principal_key,
    principal_arn,
    principal_type,
    federated_name,
    session_policy,
    session_policy_arns,
    in_session,
    is_told,
    event_source,
    event_name,
    event_category,
    action,
    resource_arn,
    arn_provenance,
    region,
    context_class,
    error_code,
    denied_effect,
    denied_policy_type,
    denied_policy_arn,
    error_message,
    source_ip,
    date,
    CAST(COUNT(*) AS BIGINT) AS calls,
    MIN(event_time_ms) AS first_seen_ms,
    MAX(event_time_ms) AS last_seen_ms,
    MIN(event_id) AS sample_event_first,
    MAX(event_id) AS sample_event_last
FROM counted
GROUP BY principal_account, principal_key, principal_arn, principal_type, federated_name, session_policy, session_policy_arns, in_session, is_told, event_source, event_name, event_category, action, resource_arn, arn_provenance, region, context_class, error_code, denied_effect, denied_policy_type, denied_policy_arn, error_message, source_ip, date
ORDER BY
    account ASC NULLS LAST,
    principal_key ASC NULLS LAST,
    principal_arn ASC NULLS LAST,
    principal_type ASC NULLS LAST,
    federated_name ASC NULLS LAST,
    session_policy ASC NULLS LAST,
    session_policy_arns ASC NULLS LAST,
    in_session ASC NULLS LAST,
    is_told ASC NULLS LAST,
    event_source ASC NULLS LAST,
    event_name ASC NULLS LAST,
    event_category ASC NULLS LAST,
    action ASC NULLS LAST,
    resource_arn ASC NULLS LAST,
    arn_provenance ASC NULLS LAST,
    region ASC NULLS LAST,
    context_class ASC NULLS LAST,
    error_code ASC NULLS LAST,
    denied_effect ASC NULLS LAST,
    denied_policy_type ASC NULLS LAST,
    denied_policy_arn ASC NULLS LAST,
    error_message ASC NULLS LAST,
    source_ip ASC NULLS LAST,
    date ASC NULLS LAST
