//! Keys of dicts and elements of sets: values that Python can hash.
//!
//! Equal numbers are the same key (`1`, `1.0`, `True`), and so are raw text and strings. Sets
//! iterate in the order of Python's hash table, which a template can print; string hashes are those
//! of a Python with hash seed 0.

use std::hash::{DefaultHasher, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

use super::{Int, Value};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    None,
    Ellipsis,
    Int(Int),
    /// Bits of a float without an equal integer.
    Float(u64),
    Str(Arc<str>),
    Bytes(Arc<[u8]>),
    Tuple(Vec<Key>),
    Frozen(Vec<Key>),
    /// An object that is only equal to itself, by address.
    Identity(usize),
}

impl Key {
    /// Returns the key of a value, or the class name of what cannot be hashed.
    pub(crate) fn new(value: &Value) -> Result<Self, &'static str> {
        if let Some(int) = value.as_int() {
            return Ok(Self::Int(int));
        }
        if let Some(x) = value.as_float() {
            let int = if x.fract() == 0.0 {
                Int::from_f64(x)
            } else {
                None
            };
            return Ok(int.map_or(Self::Float(x.to_bits()), Self::Int));
        }
        Ok(match value {
            Value::None => Self::None,
            Value::Ellipsis => Self::Ellipsis,
            Value::Str(s) | Value::Raw(s) => Self::Str(Arc::clone(s)),
            Value::Bytes(b) => Self::Bytes(Arc::clone(b)),
            Value::Tuple(items) => {
                Self::Tuple(items.iter().map(Self::new).collect::<Result<_, _>>()?)
            }
            Value::FrozenSet(set) => {
                let set = set.borrow();
                let mut keys: Vec<Key> = set.keys().cloned().collect();
                keys.sort_by_key(Key::hash64);
                Self::Frozen(keys)
            }
            Value::List(_) | Value::Dict(_) | Value::Set(_) | Value::Slice(_) => {
                return Err(value.type_name());
            }
            Value::View(super::ViewKind::Keys | super::ViewKind::Items, _) => {
                return Err(value.type_name());
            }
            Value::Placeholder(p) => Self::Identity(Rc::as_ptr(p).addr()),
            Value::Closure(c) => Self::Identity(Rc::as_ptr(c).addr()),
            Value::Exception(e) => Self::Identity(Rc::as_ptr(e).addr()),
            Value::Range(r) => Self::Str(format!("range {r:?}").into()),
            Value::Function(f) => Self::Str(format!("function {f:?}").into()),
            Value::Builtin(b) => Self::Str(format!("builtin {b:?}").into()),
            Value::Class(c) => Self::Str(format!("class {}", c.name()).into()),
            Value::Comment(c) | Value::Symbol(c) => Self::Identity(c.as_ptr().addr()),
            other => Self::Str(format!("object {}", other.type_name()).into()),
        })
    }

    /// Returns Python's hash, exact for integers below 2^61 and for strings.
    pub(crate) fn hash64(&self) -> i64 {
        let hash = match self {
            Self::Int(Int::Small(n)) => n % MODULUS,
            Self::Int(Int::Big(big)) => i64::try_from(&**big % MODULUS).unwrap_or(0),
            Self::Float(bits) => float_hash(f64::from_bits(*bits)),
            Self::Tuple(items) => tuple_hash(items),
            Self::Str(text) if text.is_empty() => 0,
            Self::Str(text) => {
                let mut hasher = DefaultHasher::new();
                if text.chars().all(|c| u32::from(c) < 0x100) {
                    let latin: Vec<u8> = text
                        .chars()
                        .filter_map(|c| u8::try_from(u32::from(c)).ok())
                        .collect();
                    hasher.write(&latin);
                } else if text.chars().all(|c| u32::from(c) < 0x1_0000) {
                    for unit in text.encode_utf16() {
                        hasher.write(&unit.to_le_bytes());
                    }
                } else {
                    for c in text.chars() {
                        hasher.write(&u32::from(c).to_le_bytes());
                    }
                }
                hasher.finish().cast_signed()
            }
            other => {
                use std::hash::Hash;
                let mut hasher = DefaultHasher::new();
                other.hash(&mut hasher);
                hasher.finish().cast_signed()
            }
        };
        if hash == -1 { -2 } else { hash }
    }
}

/// Numbers are hashed modulo this prime, with their sign kept.
const MODULUS: i64 = (1 << 61) - 1;

/// Hashes a number that is no integer.
fn float_hash(x: f64) -> i64 {
    const BITS: u32 = 61;
    let modulus = MODULUS.cast_unsigned();
    if !x.is_finite() {
        return if x.is_nan() {
            0
        } else {
            314_159 * if x > 0.0 { 1 } else { -1 }
        };
    }
    let bits = x.abs().to_bits();
    let raw_exponent = i32::try_from(bits >> 52).unwrap_or(0);
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) = if raw_exponent == 0 {
        (fraction, -1074)
    } else {
        (fraction | (1 << 52), raw_exponent - 1075)
    };
    // Multiplying by a power of two rotates the bits of a number modulo 2^61 - 1.
    let shift = u32::try_from(exponent.rem_euclid(61)).unwrap_or(0);
    let residue = mantissa % modulus;
    let rotated = ((residue << shift) & modulus) | (residue >> (BITS - shift));
    let hash = i64::try_from(rotated).unwrap_or(0);
    if x < 0.0 { -hash } else { hash }
}

/// Hashes a tuple from the hashes of its items.
fn tuple_hash(items: &[Key]) -> i64 {
    const PRIME_1: u64 = 11_400_714_785_074_694_791;
    const PRIME_2: u64 = 14_029_467_366_897_019_727;
    const PRIME_5: u64 = 2_870_177_450_012_600_261;
    let mut hash = PRIME_5;
    for item in items {
        let lane = item.hash64().cast_unsigned();
        hash = hash.wrapping_add(lane.wrapping_mul(PRIME_2));
        hash = hash.rotate_left(31).wrapping_mul(PRIME_1);
    }
    hash = hash.wrapping_add(items.len() as u64 ^ (PRIME_5 ^ 3_527_539));
    if hash == u64::MAX {
        1_546_275_796
    } else {
        hash.cast_signed()
    }
}

/// A set; elements are kept in the order of insertion and listed in Python's order.
#[derive(Default, Clone)]
pub(crate) struct Set {
    items: IndexMap<Key, Value>,
}

impl Set {
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(crate) fn contains(&self, key: &Key) -> bool {
        self.items.contains_key(key)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.items.keys()
    }

    /// Adds an element unless an equal one is there.
    pub(crate) fn insert(&mut self, key: Key, value: Value) {
        self.items.entry(key).or_insert(value);
    }

    pub(crate) fn remove(&mut self, key: &Key) -> Option<Value> {
        self.items.shift_remove(key)
    }

    pub(crate) fn clear(&mut self) {
        self.items.clear();
    }

    /// Returns the elements in the order of Python's hash table, with their keys.
    pub(crate) fn entries(&self) -> Vec<(&Key, &Value)> {
        let hashes: Vec<i64> = self.items.keys().map(Key::hash64).collect();
        table_order(&hashes)
            .into_iter()
            .filter_map(|index| self.items.get_index(index))
            .collect()
    }

    pub(crate) fn values(&self) -> Vec<Value> {
        self.entries().into_iter().map(|(_, v)| v.clone()).collect()
    }
}

/// Returns the order in which CPython's set lists distinct elements that were added in turn.
fn table_order(hashes: &[i64]) -> Vec<usize> {
    let mut table: Vec<Option<usize>> = vec![None; 8];
    for (index, hash) in hashes.iter().enumerate() {
        place(&mut table, index, *hash);
        let used = index + 1;
        if used * 5 >= (table.len() - 1) * 3 {
            let wanted = if used > 50_000 { used * 2 } else { used * 4 };
            let mut size = 8;
            while size <= wanted {
                size *= 2;
            }
            let old = std::mem::replace(&mut table, vec![None; size]);
            for index in old.into_iter().flatten() {
                place(&mut table, index, hashes.get(index).copied().unwrap_or(0));
            }
        }
    }
    table.into_iter().flatten().collect()
}

/// Puts an element into the first free slot of its probe sequence.
fn place(table: &mut [Option<usize>], index: usize, hash: i64) {
    const LINEAR_PROBES: u64 = 9;
    let mask = table.len() as u64 - 1;
    let mut perturb = hash.cast_unsigned();
    let mut slot = perturb & mask;
    loop {
        let probes = if slot + LINEAR_PROBES <= mask {
            LINEAR_PROBES
        } else {
            0
        };
        for offset in 0..=probes {
            let position = usize::try_from(slot + offset).unwrap_or(0);
            if let Some(free @ None) = table.get_mut(position) {
                *free = Some(index);
                return;
            }
        }
        perturb >>= 5;
        slot = (slot.wrapping_mul(5).wrapping_add(1).wrapping_add(perturb)) & mask;
    }
}
