//! Service data sources that views fill from the logs: one row per day.
//!
//! Rows of one sorting key are added up, so the key of the operations has the data source as well, which
//! that of the reference product leaves out; names follow from ids.

use super::{Column, ServiceDatasource, View, column};

/// `tinybird.pipe_stats`.
pub(super) const PIPE_STATS: ServiceDatasource = ServiceDatasource {
    name: "pipe_stats",
    columns: &PIPE_STATS_COLUMNS,
    engine: "SummingMergeTree",
    partition_key: Some("toYYYYMM(date)"),
    sorting_key: "pipe_id, date",
    ttl: None,
    view: Some(View {
        source: "pipe_stats_rt",
        select: "toStartOfDay(start_datetime) AS date, pipe_id, pipe_name, \
            avgState(duration) AS avg_duration_state, countIf(error != 0) AS error_count, \
            count() AS view_count, \
            quantilesTimingState(0.9, 0.95, 0.99)(toFloat64(duration) * 1000) \
                AS quantile_timing_state, \
            sum(read_bytes) AS read_bytes_sum, sum(read_rows) AS read_rows_sum, \
            sum(toFloat64(cpu_time)) AS cpu_time_sum, any(resource_tags) AS resource_tags",
        group_by: "date, pipe_id, pipe_name",
    }),
};

const PIPE_STATS_COLUMNS: [Column; 11] = [
    column("date", "DateTime"),
    column("pipe_id", "String"),
    column("pipe_name", "String"),
    column("avg_duration_state", "AggregateFunction(avg, Float32)"),
    column("error_count", "UInt64"),
    column("view_count", "UInt64"),
    column(
        "quantile_timing_state",
        "AggregateFunction(quantilesTiming(0.9, 0.95, 0.99), Float64)",
    ),
    column("read_bytes_sum", "UInt64"),
    column("read_rows_sum", "UInt64"),
    column("cpu_time_sum", "Float64"),
    column("resource_tags", "Array(String)"),
];

/// `tinybird.datasources_ops_stats`.
pub(super) const DATASOURCES_OPS_STATS: ServiceDatasource = ServiceDatasource {
    name: "datasources_ops_stats",
    columns: &DATASOURCES_OPS_STATS_COLUMNS,
    engine: "SummingMergeTree",
    partition_key: Some("toYYYYMM(event_date)"),
    sorting_key: "event_date, event_type, pipe_id, datasource_id",
    ttl: None,
    view: Some(View {
        source: "datasources_ops_log",
        select: "toStartOfDay(timestamp) AS event_date, datasource_id, datasource_name, \
            event_type, pipe_id, pipe_name, countIf(result = 'error') AS error_count, \
            count() AS executions, avgState(elapsed_time) AS avg_elapsed_time_state, \
            quantilesState(0.9, 0.95, 0.99)(toFloat64(elapsed_time)) AS quantiles_state, \
            sum(read_rows) AS read_rows, sum(read_bytes) AS read_bytes, \
            sum(written_rows) AS written_rows, sum(written_bytes) AS written_bytes, \
            sum(written_rows_quarantine) AS written_rows_quarantine, \
            sum(written_bytes_quarantine) AS written_bytes_quarantine, \
            sum(toFloat64(cpu_time)) AS cpu_time, any(resource_tags) AS resource_tags",
        group_by: "event_date, datasource_id, datasource_name, event_type, pipe_id, pipe_name",
    }),
};

const DATASOURCES_OPS_STATS_COLUMNS: [Column; 18] = [
    column("event_date", "DateTime"),
    column("datasource_id", "String"),
    column("datasource_name", "String"),
    column("event_type", "LowCardinality(String)"),
    column("pipe_id", "String"),
    column("pipe_name", "String"),
    column("error_count", "UInt64"),
    column("executions", "UInt64"),
    column("avg_elapsed_time_state", "AggregateFunction(avg, Float32)"),
    column(
        "quantiles_state",
        "AggregateFunction(quantiles(0.9, 0.95, 0.99), Float64)",
    ),
    column("read_rows", "UInt64"),
    column("read_bytes", "UInt64"),
    column("written_rows", "UInt64"),
    column("written_bytes", "UInt64"),
    column("written_rows_quarantine", "UInt64"),
    column("written_bytes_quarantine", "UInt64"),
    column("cpu_time", "Float64"),
    column("resource_tags", "Array(String)"),
];
