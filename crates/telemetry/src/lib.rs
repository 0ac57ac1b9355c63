//! Telemetry: what happened, as rows of the service data sources (`tinybird.*`), of which each
//! workspace has its own.
//!
//! Requests give their records to a [`Recorder`], which never waits and never fails; [`Telemetry`]
//! sends them to the engine in batches, at most a quarter of a second later. When the engine is away
//! for long, rows are dropped and counted, not kept without limit. Values of tokens never get into
//! a row: urls and parameters are cleaned here, whatever the caller passes.

mod limits;
mod recorder;
mod redact;
mod service_datasources;
mod tables;
mod telemetry;
mod writer;

pub use recorder::Recorder;
pub use redact::redact_url;
pub use service_datasources::{
    Column, DatasourceOperation, DatasourceStorage, EndpointError, JobState, OperationType,
    PipeCall, QUERY_API, SERVICE_DATASOURCES, ServiceDatasource, StoredBlock,
};
pub use tables::ensure_tables;
pub use telemetry::Telemetry;
