-- The tables. Columns of the signals' fields are added when the file is opened: see columns.py.

CREATE TABLE stored_spans (
    trace_id UUID,
    span_id UBIGINT,
    parent_span_id UBIGINT,
    started_at TIMESTAMP,
    started_sub_us SMALLINT,
    duration_ns BIGINT,
    received_at TIMESTAMP,
    kind TINYINT,
    status_code TINYINT,
    flags UINTEGER,
    resource_id UBIGINT,
    name VARCHAR,
    attributes VARIANT
);

-- A resource is said once: its id is a hash of what it says.
CREATE TABLE stored_resources (
    resource_id UBIGINT,
    attributes VARCHAR,
    schema_url VARCHAR
);

-- The last journal segment whose rows are all in stored_spans. One row.
CREATE TABLE journal_position (segment BIGINT);
INSERT INTO journal_position VALUES (-1);

-- Sums by hour: one row for each seal, so they add and never change. They outlive the spans.
CREATE TABLE stored_hours (
    hour TIMESTAMP,
    service VARCHAR,
    environment VARCHAR,
    provider VARCHAR,
    model VARCHAR,
    operation VARCHAR,
    calls BIGINT,
    errors BIGINT,
    input_tokens HUGEINT,
    output_tokens HUGEINT,
    cost_nano_usd HUGEINT,
    unpriced BIGINT
);

CREATE TABLE stored_incidents (
    id VARCHAR,
    fingerprint VARCHAR,
    rule VARCHAR,
    subject VARCHAR,
    severity VARCHAR,
    state VARCHAR,
    pending_since TIMESTAMP,
    firing_since TIMESTAMP,
    resolved_at TIMESTAMP,
    updated_at TIMESTAMP,
    says VARCHAR,
    value DOUBLE,
    expected DOUBLE,
    unit VARCHAR,
    calls BIGINT,
    traces VARCHAR,
    runbook VARCHAR,
    delivered VARCHAR
);
