-- title: Calls that others tell of
-- question: Of which calls is there a copy that is not the caller's?
-- columns: call_key
-- size: large
-- A view that other queries ask: the other account of a cross-account request tells of few calls.
SELECT call_key
FROM event_actions
WHERE call_key IS NOT NULL
    AND (side IS NULL OR side <> 'caller')
GROUP BY call_key
ORDER BY call_key ASC NULLS LAST
