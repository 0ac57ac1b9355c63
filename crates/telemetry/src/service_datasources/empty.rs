//! Service data sources that nothing here fills yet: clients read them, so they exist.

use super::{Column, ServiceDatasource, column};

/// `tinybird.kafka_ops_log`.
pub(super) const KAFKA_OPS_LOG: ServiceDatasource = ServiceDatasource {
    name: "kafka_ops_log",
    columns: &KAFKA_OPS_LOG_COLUMNS,
    engine: "MergeTree",
    partition_key: Some("toYYYYMMDD(timestamp)"),
    sorting_key: "datasource_id, topic, timestamp",
    ttl: Some("timestamp + toIntervalDay(30)"),
    view: None,
};

const KAFKA_OPS_LOG_COLUMNS: [Column; 13] = [
    column("timestamp", "DateTime"),
    column("datasource_id", "String"),
    column("topic", "String"),
    column("partition", "Int16"),
    column("msg_type", "String"),
    column("lag", "Int64"),
    column("processed_messages", "Int32"),
    column("processed_bytes", "Int32"),
    column("committed_messages", "Int32"),
    column("time_read", "Float32"),
    column("time_process", "Float32"),
    column("time_write", "Float32"),
    column("msg", "String"),
];

/// `tinybird.llm_usage`.
pub(super) const LLM_USAGE: ServiceDatasource = ServiceDatasource {
    name: "llm_usage",
    columns: &LLM_USAGE_COLUMNS,
    engine: "MergeTree",
    partition_key: Some("toYYYYMM(start_time)"),
    sorting_key: "workspace_id, start_time, user_email, request_id",
    ttl: None,
    view: None,
};

const LLM_USAGE_COLUMNS: [Column; 12] = [
    column("start_time", "DateTime"),
    column("end_time", "DateTime"),
    column("workspace_id", "String"),
    column("user_email", "String"),
    column("request_id", "String"),
    column("prompt_tokens", "UInt32"),
    column("completion_tokens", "UInt32"),
    column("total_tokens", "UInt32"),
    column("duration", "Float32"),
    column("cost", "Float32"),
    column("origin", "String"),
    column("feature", "String"),
];

/// `tinybird.sinks_ops_log`.
pub(super) const SINKS_OPS_LOG: ServiceDatasource = ServiceDatasource {
    name: "sinks_ops_log",
    columns: &SINKS_OPS_LOG_COLUMNS,
    engine: "MergeTree",
    partition_key: Some("toYYYYMM(timestamp)"),
    sorting_key: "pipe_id, timestamp",
    ttl: None,
    view: None,
};

const SINKS_OPS_LOG_COLUMNS: [Column; 17] = [
    column("timestamp", "DateTime"),
    column("job_id", "Nullable(String)"),
    column("service", "LowCardinality(String)"),
    column("pipe_name", "String"),
    column("pipe_id", "String"),
    column("result", "LowCardinality(String)"),
    column("error", "Nullable(String)"),
    column("elapsed_time", "Float64"),
    column("read_rows", "UInt64"),
    column("written_rows", "UInt64"),
    column("read_bytes", "UInt64"),
    column("written_bytes", "UInt64"),
    column("cpu_time", "Float32"),
    column("output", "UInt64"),
    column("parameters", "Map(String, String)"),
    column("options", "Map(String, String)"),
    column("token_name", "String"),
];
