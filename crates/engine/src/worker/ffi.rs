//! The C interface of libchdb behind safe types. The only file of the workspace with `unsafe`.
//!
//! [`Library`] is loaded at run time and never unloaded. A [`Connection`] is used by one thread at
//! a time (`&mut`), may move between threads, and is closed when dropped. [`StreamResult`] and
//! [`InsertStream`] borrow their connection, so nothing else can run on it while they live, and
//! cancel what is unfinished when dropped. A [`QueryResult`] owns its buffer, which stays valid
//! after the connection is closed.
#![expect(
    unsafe_code,
    reason = "the foreign functions of libchdb are called here, and nowhere else"
)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fmt;
use std::path::Path;
use std::ptr::{self, NonNull};
use std::slice;

use libloading::os::unix::{Library as Handle, RTLD_LOCAL, RTLD_NOW};

type RawConnection = *mut *mut c_void;
type RawResult = *mut c_void;
type RawInsert = *mut c_void;

type Query =
    unsafe extern "C" fn(*mut c_void, *const c_char, usize, *const c_char, usize) -> RawResult;

type QueryWithParams = unsafe extern "C" fn(
    *mut c_void,
    *const c_char,
    usize,
    *const c_char,
    usize,
    *const *const c_char,
    *const usize,
    *const *const c_char,
    *const usize,
    usize,
) -> RawResult;

/// Answer of the parser about a text; the layout is libchdb's.
#[repr(C)]
struct RawClassification {
    struct_bytes: u32,
    statement_count: u32,
    flags: u32,
    class: u32,
}

/// The loaded library: its entry points, found by name.
pub(super) struct Library {
    connect: unsafe extern "C" fn(c_int, *mut *mut c_char) -> RawConnection,
    close: unsafe extern "C" fn(RawConnection),
    shutdown: unsafe extern "C" fn() -> c_int,
    query: (Query, QueryWithParams),
    stream: (Query, QueryWithParams),
    stream_fetch: unsafe extern "C" fn(*mut c_void, RawResult) -> RawResult,
    stream_cancel: unsafe extern "C" fn(*mut c_void, RawResult),
    insert:
        unsafe extern "C" fn(*mut c_void, *const c_char, usize, *const c_char, usize) -> RawInsert,
    insert_append: unsafe extern "C" fn(RawInsert, *const c_char, usize) -> c_int,
    insert_done: unsafe extern "C" fn(RawInsert) -> RawResult,
    insert_cancel: unsafe extern "C" fn(RawInsert),
    insert_error: unsafe extern "C" fn(RawInsert) -> *const c_char,
    insert_destroy: unsafe extern "C" fn(RawInsert),
    classify: unsafe extern "C" fn(
        *mut c_void,
        *const c_char,
        usize,
        *const c_char,
        usize,
        *mut RawClassification,
    ) -> c_int,
    destroy: unsafe extern "C" fn(RawResult),
    buffer: unsafe extern "C" fn(RawResult) -> *const u8,
    length: unsafe extern "C" fn(RawResult) -> usize,
    error: unsafe extern "C" fn(RawResult) -> *const c_char,
    result_rows: unsafe extern "C" fn(RawResult) -> u64,
    result_bytes: unsafe extern "C" fn(RawResult) -> u64,
    read_rows: unsafe extern "C" fn(RawResult) -> u64,
    read_bytes: unsafe extern "C" fn(RawResult) -> u64,
    written_rows: unsafe extern "C" fn(RawResult) -> u64,
    written_bytes: unsafe extern "C" fn(RawResult) -> u64,
}

impl Library {
    /// Loads the library and switches its signal handlers off.
    ///
    /// The library stays loaded for the life of the process: it runs threads of its own.
    pub(super) fn load(path: &Path) -> Result<&'static Self, libloading::Error> {
        // SAFETY: libchdb's initializers only set up its own state; the path was chosen by the
        // operator or verified by its hash.
        let handle = unsafe { Handle::open(Some(path), RTLD_NOW | RTLD_LOCAL) }?;
        let library = Self::resolve(&handle)?;
        // SAFETY: takes an int, returns nothing, and is called before the first connect.
        let set_signal_handlers_enabled = unsafe {
            handle.get::<unsafe extern "C" fn(c_int)>(b"chdb_set_signal_handlers_enabled\0")
        }?;
        // SAFETY: as above.
        unsafe { set_signal_handlers_enabled(0) };
        std::mem::forget(handle);
        Ok(Box::leak(Box::new(library)))
    }

    fn resolve(handle: &Handle) -> Result<Self, libloading::Error> {
        /// Finds a symbol and gives it the type of the field it is stored in.
        macro_rules! symbol {
            ($name:literal) => {{
                // SAFETY: the type is that of the function in the library's published header;
                // the pointer stays valid because the library is never unloaded.
                unsafe { *handle.get(concat!($name, "\0").as_bytes())? }
            }};
        }
        Ok(Self {
            connect: symbol!("chdb_connect"),
            close: symbol!("chdb_close_conn"),
            shutdown: symbol!("chdb_shutdown"),
            query: (symbol!("chdb_query_n"), symbol!("chdb_query_with_params_n")),
            stream: (
                symbol!("chdb_stream_query_n"),
                symbol!("chdb_stream_query_with_params_n"),
            ),
            stream_fetch: symbol!("chdb_stream_fetch_result"),
            stream_cancel: symbol!("chdb_stream_cancel_query"),
            insert: symbol!("chdb_stream_insert_n"),
            insert_append: symbol!("chdb_stream_append"),
            insert_done: symbol!("chdb_stream_done"),
            insert_cancel: symbol!("chdb_stream_cancel_insert"),
            insert_error: symbol!("chdb_stream_insert_error"),
            insert_destroy: symbol!("chdb_destroy_insert_stream"),
            classify: symbol!("chdb_classify_query_n"),
            destroy: symbol!("chdb_destroy_query_result"),
            buffer: symbol!("chdb_result_buffer"),
            length: symbol!("chdb_result_length"),
            error: symbol!("chdb_result_error"),
            result_rows: symbol!("chdb_result_rows_read"),
            result_bytes: symbol!("chdb_result_bytes_read"),
            read_rows: symbol!("chdb_result_storage_rows_read"),
            read_bytes: symbol!("chdb_result_storage_bytes_read"),
            written_rows: symbol!("chdb_result_rows_written"),
            written_bytes: symbol!("chdb_result_bytes_written"),
        })
    }

    /// Stops what is left of the engine after its last connection was closed. The status that the
    /// call returns does not say whether it did: it differs between equal stops.
    pub(super) fn shutdown(&self) {
        // SAFETY: takes nothing; an engine that was never started is fine.
        unsafe { (self.shutdown)() };
    }
}

/// Ends the process at once, without exit handlers: those of libchdb sometimes crash.
pub(super) fn exit_now(code: i32) -> ! {
    unsafe extern "C" {
        fn _exit(code: c_int) -> !;
    }
    // SAFETY: `_exit` of the C library takes any int and does not return.
    unsafe { _exit(code) }
}

/// The text of an exception, as the engine wrote it.
pub(super) type ExceptionText = String;

/// What the engine's parser says about a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Classification {
    /// Number of statements; none when the text does not parse.
    pub(super) statement_count: u32,
    pub(super) class: StatementClass,
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StatementClass {
    /// SELECT, SHOW, DESCRIBE, EXPLAIN.
    Read,
    /// INSERT and DDL.
    Mutating,
    /// Everything else, and text that does not parse.
    Other,
}

/// What a result knows about its execution.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counters {
    pub(super) result_rows: u64,
    pub(super) result_bytes: u64,
    pub(super) read_rows: u64,
    pub(super) read_bytes: u64,
    pub(super) written_rows: u64,
    pub(super) written_bytes: u64,
}

/// Values of `{name:Type}` placeholders.
pub(super) type Parameters = [(String, String)];

/// An open connection.
pub(super) struct Connection {
    library: &'static Library,
    raw: NonNull<*mut c_void>,
}

// SAFETY: libchdb guards a connection by a mutex and keeps nothing of it in thread-local storage.
unsafe impl Send for Connection {}

impl Connection {
    /// Opens a connection with `--name=value` arguments; `None` when the engine refuses, which
    /// it explains on standard error only.
    pub(super) fn open(library: &'static Library, arguments: &[CString]) -> Option<Self> {
        let program = c"birdhouse";
        let mut pointers: Vec<*mut c_char> = std::iter::once(program)
            .chain(arguments.iter().map(CString::as_c_str))
            .map(|text| text.as_ptr().cast_mut())
            .collect();
        let count = c_int::try_from(pointers.len()).ok()?;
        // SAFETY: `count` valid C strings that the call does not change or keep.
        let raw = unsafe { (library.connect)(count, pointers.as_mut_ptr()) };
        Some(Self {
            library,
            raw: NonNull::new(raw)?,
        })
    }

    /// Runs a statement and returns its whole result. After an error the connection must be
    /// closed: it keeps the output that came before the error for the next result.
    pub(super) fn query(
        &mut self,
        sql: &str,
        format: &str,
        parameters: &Parameters,
    ) -> Result<QueryResult, ExceptionText> {
        let raw = self.start(self.library.query, sql, format, parameters);
        QueryResult::new(self.library, raw)
    }

    /// Starts a SELECT whose result is fetched in chunks.
    pub(super) fn stream(
        &mut self,
        sql: &str,
        format: &str,
        parameters: &Parameters,
    ) -> Result<StreamResult<'_>, ExceptionText> {
        let raw = self.start(self.library.stream, sql, format, parameters);
        let head = QueryResult::new(self.library, raw)?;
        Ok(StreamResult {
            connection: self,
            head,
            finished: false,
        })
    }

    /// Starts an insert; the text ends before `FORMAT`.
    pub(super) fn insert(
        &mut self,
        sql: &str,
        format: &str,
    ) -> Result<InsertStream<'_>, ExceptionText> {
        // SAFETY: the connection is open; both texts are passed with their lengths and copied.
        let raw = unsafe {
            (self.library.insert)(
                self.handle(),
                sql.as_ptr().cast(),
                sql.len(),
                format.as_ptr().cast(),
                format.len(),
            )
        };
        let raw = NonNull::new(raw).ok_or_else(no_answer)?;
        let stream = InsertStream {
            connection: self,
            raw,
            finished: false,
        };
        match stream.error() {
            Some(text) => Err(text),
            None => Ok(stream),
        }
    }

    /// Asks the parser how many statements a text has and what they do. Runs nothing.
    pub(super) fn classify(&mut self, sql: &str) -> Classification {
        const STRUCT_BYTES: u32 = 16;
        let mut raw = RawClassification {
            struct_bytes: STRUCT_BYTES,
            statement_count: 0,
            flags: 0,
            class: 4,
        };
        // SAFETY: the text is passed with its length, no target database is given, and the
        // structure has the size that its first field says.
        let status = unsafe {
            (self.library.classify)(
                self.handle(),
                sql.as_ptr().cast(),
                sql.len(),
                ptr::null(),
                0,
                &raw mut raw,
            )
        };
        Classification {
            statement_count: if status == 0 { raw.statement_count } else { 0 },
            class: match raw.class {
                0 if status == 0 => StatementClass::Read,
                1 if status == 0 => StatementClass::Mutating,
                _ => StatementClass::Other,
            },
        }
    }

    fn start(
        &self,
        (plain, with_parameters): (Query, QueryWithParams),
        sql: &str,
        format: &str,
        parameters: &Parameters,
    ) -> RawResult {
        if parameters.is_empty() {
            // A tenth faster than the other call.
            // SAFETY: the connection is open; both texts are passed with their lengths.
            return unsafe {
                plain(
                    self.handle(),
                    sql.as_ptr().cast(),
                    sql.len(),
                    format.as_ptr().cast(),
                    format.len(),
                )
            };
        }
        let texts = |pick: fn(&(String, String)) -> &String| -> (Vec<*const c_char>, Vec<usize>) {
            parameters
                .iter()
                .map(|pair| (pick(pair).as_ptr().cast(), pick(pair).len()))
                .unzip()
        };
        let (names, name_lengths) = texts(|pair| &pair.0);
        let (values, value_lengths) = texts(|pair| &pair.1);
        // SAFETY: the connection is open; every text is passed with its length, the four arrays
        // have one entry per parameter, and the call keeps no pointer.
        unsafe {
            with_parameters(
                self.handle(),
                sql.as_ptr().cast(),
                sql.len(),
                format.as_ptr().cast(),
                format.len(),
                names.as_ptr(),
                name_lengths.as_ptr(),
                values.as_ptr(),
                value_lengths.as_ptr(),
                parameters.len(),
            )
        }
    }

    fn handle(&self) -> *mut c_void {
        // SAFETY: `raw` came from `chdb_connect` and is valid until `chdb_close_conn`.
        unsafe { *self.raw.as_ptr() }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: closed once; streams borrow the connection and are gone.
        unsafe { (self.library.close)(self.raw.as_ptr()) }
    }
}

/// A result, or one chunk of a streamed result.
pub(super) struct QueryResult {
    library: &'static Library,
    raw: NonNull<c_void>,
}

// SAFETY: a result is plain memory owned by its handle, without ties to a thread or connection.
unsafe impl Send for QueryResult {}

impl QueryResult {
    fn new(library: &'static Library, raw: RawResult) -> Result<Self, ExceptionText> {
        let raw = NonNull::new(raw).ok_or_else(no_answer)?;
        let result = Self { library, raw };
        // SAFETY: the handle is valid; the text belongs to it and is copied.
        let error = unsafe { text_of((library.error)(raw.as_ptr())) };
        match error {
            Some(text) => Err(text),
            None => Ok(result),
        }
    }

    pub(super) fn counters(&self) -> Counters {
        let (library, raw) = (self.library, self.raw.as_ptr());
        // SAFETY: getters of a valid handle.
        unsafe {
            Counters {
                result_rows: (library.result_rows)(raw),
                result_bytes: (library.result_bytes)(raw),
                read_rows: (library.read_rows)(raw),
                read_bytes: (library.read_bytes)(raw),
                written_rows: (library.written_rows)(raw),
                written_bytes: (library.written_bytes)(raw),
            }
        }
    }
}

impl AsRef<[u8]> for QueryResult {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: buffer and length belong to the handle, which lives as long as `self`; nothing
        // writes to the buffer after the call that made it.
        unsafe {
            let length = (self.library.length)(self.raw.as_ptr());
            let buffer = (self.library.buffer)(self.raw.as_ptr());
            if buffer.is_null() || length == 0 {
                &[]
            } else {
                slice::from_raw_parts(buffer, length)
            }
        }
    }
}

impl Drop for QueryResult {
    fn drop(&mut self) {
        // SAFETY: destroyed once.
        unsafe { (self.library.destroy)(self.raw.as_ptr()) }
    }
}

/// A running SELECT. Dropping it cancels what is left.
pub(super) struct StreamResult<'c> {
    connection: &'c mut Connection,
    head: QueryResult,
    finished: bool,
}

impl StreamResult<'_> {
    /// Returns the next chunk, or `None` at the end. Each chunk is a document of its own.
    pub(super) fn next_chunk(&mut self) -> Result<Option<QueryResult>, ExceptionText> {
        if self.finished {
            return Ok(None);
        }
        let library = self.connection.library;
        // SAFETY: connection and stream are open; the answer is a result of its own.
        let raw =
            unsafe { (library.stream_fetch)(self.connection.handle(), self.head.raw.as_ptr()) };
        let chunk = QueryResult::new(library, raw).inspect_err(|_| self.finished = true)?;
        if chunk.as_ref().is_empty() {
            self.finished = true;
            return Ok(None);
        }
        Ok(Some(chunk))
    }
}

impl Drop for StreamResult<'_> {
    fn drop(&mut self) {
        if !self.finished {
            // SAFETY: connection and stream are open and no fetch is running: it needs `&mut`.
            unsafe {
                (self.connection.library.stream_cancel)(
                    self.connection.handle(),
                    self.head.raw.as_ptr(),
                );
            }
        }
    }
}

/// A running insert. Dropping it before [`InsertStream::finish`] stores nothing.
pub(super) struct InsertStream<'c> {
    connection: &'c mut Connection,
    raw: NonNull<c_void>,
    finished: bool,
}

impl InsertStream<'_> {
    /// Hands over a piece of the data; waits while the engine is behind.
    pub(super) fn append(&mut self, data: &[u8]) -> Result<(), ExceptionText> {
        // SAFETY: the stream is open; the data is passed with its length and copied.
        let status = unsafe {
            (self.connection.library.insert_append)(
                self.raw.as_ptr(),
                data.as_ptr().cast(),
                data.len(),
            )
        };
        if status == 0 {
            Ok(())
        } else {
            Err(self.error().unwrap_or_else(no_answer))
        }
    }

    /// Stores what was appended; when this returns, it is stored.
    pub(super) fn finish(mut self) -> Result<Counters, ExceptionText> {
        self.finished = true;
        // SAFETY: called once; the answer is a result of its own.
        let raw = unsafe { (self.connection.library.insert_done)(self.raw.as_ptr()) };
        Ok(QueryResult::new(self.connection.library, raw)?.counters())
    }

    fn error(&self) -> Option<ExceptionText> {
        // SAFETY: the stream is valid; the text belongs to it and is copied.
        unsafe { text_of((self.connection.library.insert_error)(self.raw.as_ptr())) }
    }
}

impl Drop for InsertStream<'_> {
    fn drop(&mut self) {
        // SAFETY: destroyed once; an unfinished insert is cancelled before.
        unsafe {
            if !self.finished {
                (self.connection.library.insert_cancel)(self.raw.as_ptr());
            }
            (self.connection.library.insert_destroy)(self.raw.as_ptr());
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

fn no_answer() -> ExceptionText {
    "the engine returned nothing".to_owned()
}

/// Copies a C string.
///
/// # Safety
/// `text` is null or points to a terminated string.
unsafe fn text_of(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(text) };
    Some(text.to_string_lossy().into_owned())
}
