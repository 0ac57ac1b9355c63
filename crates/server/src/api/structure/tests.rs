use std::fs;
use std::path::Path;

use birdhouse_datafile::{
    Datasource, Dialect, EngineFamily, Node, NodeKind, Pipe, Schedule, resource_kind,
};
use serde_json::json;

use super::datasource::fields;
use super::node::NodeForm;
use super::*;
use crate::params::Params;

/// Reads every project of the repository.
fn projects() -> Vec<Project> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders = fs::read_dir(root.join("tests/projects"))
        .unwrap()
        .chain(fs::read_dir(root.join("examples")).unwrap());
    let projects = folders.map(|folder| {
        let folder = folder.unwrap().path();
        let mut files = Vec::new();
        read(&folder, &folder, &mut files);
        Project::parse(files).0
    });
    projects.collect()
}

fn read(root: &Path, folder: &Path, files: &mut Vec<SourceFile>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap();
        if path.is_dir() {
            read(root, &path, files);
        } else if resource_kind(name).is_some() || name.ends_with(".incl") {
            files.push(SourceFile::new(name, fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Reads one file again, in the dialect of its project.
fn again(path: &str, text: String, dialect: Dialect) -> Project {
    let (project, found) = Project::parse_as(vec![SourceFile::new(path, text)], dialect);
    let of_file =
        |d: &&birdhouse_datafile::Diagnostic| d.is_error() && !d.message.contains("target");
    let errors: Vec<_> = found.iter().filter(of_file).collect();
    assert!(errors.is_empty(), "{errors:?}");
    project
}

/// Returns the form that the Classic command line sends for a data source.
fn form(datasource: &Datasource) -> Params {
    let column = |column: &birdhouse_datafile::Column| {
        let parts = [
            Some(format!("`{}`", column.name.value)),
            column.type_text.as_ref().map(|text| text.value.clone()),
            column
                .json_path
                .as_ref()
                .map(|path| format!("`json:{}`", path.value)),
            column
                .default
                .as_ref()
                .map(|default| format!("DEFAULT {}", default.value)),
            column.codec.as_ref().map(|codec| codec.value.clone()),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    let columns = datasource.schema.columns.iter().map(column);
    let indexes = datasource.indexes.iter().map(|index| {
        let granularity = index.granularity.map(|n| format!("GRANULARITY {n}"));
        format!(
            "INDEX {} {} TYPE {} {}",
            index.name.value,
            index.expression,
            index.index_type,
            granularity.unwrap_or_default()
        )
    });
    let engine = &datasource.engine;
    let mut sent = vec![
        ("name".to_owned(), datasource.name.to_string()),
        (
            "description".to_owned(),
            datasource.description.clone().unwrap_or_default(),
        ),
        ("schema".to_owned(), columns.collect::<Vec<_>>().join(",")),
        ("indexes".to_owned(), indexes.collect::<Vec<_>>().join("\n")),
        ("format".to_owned(), "csv".to_owned()),
        ("engine".to_owned(), engine.family.name().to_owned()),
        ("branch_mode".to_owned(), "None".to_owned()),
    ];
    let mut put = |name: &str, value: String| sent.push((format!("engine_{name}"), value));
    let options = [
        ("partition_key", &engine.partition_key),
        ("sorting_key", &engine.sorting_key),
        ("primary_key", &engine.primary_key),
        ("sampling_key", &engine.sampling_key),
        ("ttl", &engine.ttl),
        ("settings", &engine.settings),
    ];
    for (name, value) in options {
        value
            .iter()
            .for_each(|value| put(name, value.value.clone()));
    }
    match &engine.family {
        EngineFamily::ReplacingMergeTree {
            version,
            is_deleted,
        } => {
            version.iter().for_each(|column| put("ver", column.clone()));
            is_deleted
                .iter()
                .for_each(|column| put("is_deleted", column.clone()));
        }
        EngineFamily::SummingMergeTree { columns } => put("columns", columns.join(", ")),
        EngineFamily::CollapsingMergeTree { sign } => put("sign", sign.clone()),
        EngineFamily::VersionedCollapsingMergeTree { sign, version } => {
            put("sign", sign.clone());
            put("version", version.clone());
        }
        EngineFamily::Join {
            strictness,
            join_type,
            key_columns,
        } => {
            put("join_strictness", strictness.clone());
            put("join_type", join_type.clone());
            put("key_columns", key_columns.join(", "));
        }
        EngineFamily::MergeTree | EngineFamily::AggregatingMergeTree | EngineFamily::Null => {}
    }
    Params::from_texts(sent)
}

#[test]
fn every_data_source_is_the_same_after_a_push() {
    let mut count = 0;
    for project in projects() {
        // What connections feed is not pushed.
        let pushed = project.datasources.iter().filter(|d| d.connector.is_none());
        for datasource in pushed {
            let sent = form(datasource);
            let mut text = Edit::new(FileKind::Datasource, project.dialect);
            for (directive, value) in fields(&sent, sent.filled("schema").unwrap()) {
                text.set(&directive, &value).unwrap();
            }
            let path = datasource.file.path().rsplit('/').next().unwrap();
            let pushed = again(path, text.finish().unwrap(), project.dialect);
            let pushed = &pushed.datasources[0];
            assert_eq!(shown(pushed), shown(datasource), "{path}");
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

/// Returns what a data source says, without where.
fn shown(datasource: &Datasource) -> String {
    let columns: Vec<String> = datasource
        .schema
        .columns
        .iter()
        .map(|c| {
            format!(
                "{} {:?}",
                c.definition(),
                c.json_path.as_ref().map(|p| p.value.to_string())
            )
        })
        .collect();
    let indexes: Vec<String> = datasource.indexes.iter().map(|i| i.definition()).collect();
    format!(
        "{:?} {columns:#?} {indexes:#?} {}",
        datasource.description.as_deref().unwrap_or_default(),
        datasource.engine.to_sql(&[])
    )
}

/// Returns the object that the Classic command line sends for a pipe.
fn object(pipe: &Pipe) -> Value {
    let nodes: Vec<Value> = pipe
        .nodes
        .iter()
        .map(|node| {
            let mut sent = json!({
                "name": node.name.value,
                "sql": node.sql.as_str().trim(),
                "description": node.description.as_deref().unwrap_or_default(),
                "mode": "append",
                "target_datasource": null,
                "copy_schedule": null,
                "export_params": null,
                "type": "standard",
            });
            let mut put = |name: &str, value: &str| sent[name] = value.into();
            match &node.kind {
                NodeKind::Endpoint => put("type", "endpoint"),
                NodeKind::Materialized(to) => {
                    put("type", "materialized");
                    put("datasource", &to.target.value);
                }
                NodeKind::Copy(copy) => {
                    put("type", "copy");
                    put("target_datasource", &copy.target.value);
                    put("datasource", &copy.target.value);
                    if let Schedule::Cron(cron) = &copy.schedule {
                        put("copy_schedule", cron.as_str());
                    }
                    if copy.mode == birdhouse_datafile::CopyMode::Replace {
                        put("mode", "replace");
                    }
                }
                NodeKind::Standard | NodeKind::Sink(_) | NodeKind::Stream => {}
            }
            sent
        })
        .collect();
    json!({ "name": pipe.name.as_str(), "nodes": nodes })
}

#[test]
fn every_pipe_is_the_same_after_a_push() {
    let mut count = 0;
    for project in projects() {
        let is_pushed = |pipe: &&Pipe| {
            let sends = |node: &Node| matches!(node.kind, NodeKind::Sink(_) | NodeKind::Stream);
            !pipe.nodes.iter().any(sends)
        };
        for pipe in project.pipes.iter().filter(is_pushed) {
            let sent = object(pipe);
            let mut text = Edit::new(FileKind::Pipe, project.dialect);
            for node in sent["nodes"].as_array().unwrap() {
                let node = NodeForm::read(node, sent.as_object().unwrap()).unwrap();
                node.write(&mut text).unwrap();
            }
            text.settle_types();
            let path = pipe.file.path().rsplit('/').next().unwrap();
            let pushed = again(path, text.finish().unwrap(), project.dialect);
            let pushed = &pushed.pipes[0];
            let (pushed, wanted): (Vec<_>, Vec<_>) = (
                pushed.nodes.iter().map(told).collect(),
                pipe.nodes.iter().map(told).collect(),
            );
            assert_eq!(pushed, wanted, "{path}");
            count += 1;
        }
    }
    assert!(count > 15, "{count}");
}

/// Returns what a node says, without where.
fn told(node: &Node) -> (String, String, String, Vec<String>) {
    let kind = match &node.kind {
        // The target is another file, which says the engine.
        NodeKind::Materialized(to) => format!("into {}", to.target.value),
        NodeKind::Copy(copy) => {
            format!(
                "copy {} {:?} {:?}",
                copy.target.value, copy.mode, copy.schedule
            )
        }
        kind => format!("{kind:?}"),
    };
    // The indentation of a template is that of its file.
    let lines = node.sql.as_str().lines().map(|line| line.trim().to_owned());
    (
        node.name.value.clone(),
        node.description.clone().unwrap_or_default(),
        kind,
        lines.collect(),
    )
}
