//! Random values of every type: as JSON, as CSV, and as the engine shows them.

use std::net::{Ipv4Addr, Ipv6Addr};

use birdhouse_sql::DataType;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// One value, in the three notations.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) json: Value,
    pub(crate) csv: String,
    pub(crate) shown: Value,
}

impl Sample {
    /// A value that all three write the same way.
    fn same(value: Value) -> Self {
        let csv = match &value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Self {
            json: value.clone(),
            csv,
            shown: value,
        }
    }

    fn text(text: String, shown: impl Into<Value>) -> Self {
        Self {
            json: Value::String(text.clone()),
            csv: text,
            shown: shown.into(),
        }
    }
}

/// SplitMix64: small, seeded, good enough to pick test values.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Returns numbers of all magnitudes up to a width, and the extremes.
    fn wide(&mut self, bits: u64) -> i128 {
        let word = (i128::from(self.next()) << 64) | i128::from(self.next());
        let full = match self.below(20) {
            0 => i128::MAX,
            1 => i128::MIN,
            2 => 0,
            _ => word >> self.below(bits),
        };
        full >> (128 - bits)
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low).unwrap() + 1;
        low + i64::try_from(self.below(span)).unwrap()
    }

    fn string(&mut self) -> String {
        const CHARS: [char; 24] = [
            'a', 'Z', '0', ' ', '"', '\'', '\\', '/', ',', ';', '\n', '\t', '\r', '\u{0}', '\u{1}',
            '\u{7f}', 'ä', '€', '😀', '\u{2028}', '{', '[', '%', 'N',
        ];
        (0..=self.below(12))
            .map(|_| CHARS[usize::try_from(self.below(24)).unwrap()])
            .collect()
    }

    /// Returns a value of a type.
    pub(crate) fn sample(&mut self, data_type: &DataType) -> Sample {
        match data_type {
            DataType::Int(bits) => self.integer(*bits, true),
            DataType::UInt(bits) => self.integer(*bits, false),
            DataType::Float32 => {
                let value = f32::from_bits(u32::try_from(self.next() >> 32).unwrap());
                let value = if value.is_finite() { value } else { 0.5 };
                Sample {
                    json: serde_json::from_str(&format!("{value:e}")).unwrap(),
                    csv: value.to_string(),
                    shown: serde_json::from_str(&format!("{value:e}")).unwrap(),
                }
            }
            DataType::Float64 => {
                let value = f64::from_bits(self.next());
                Sample::same(json!(if value.is_finite() { value } else { -0.25 }))
            }
            DataType::Decimal { precision, scale } => self.decimal(*precision, *scale),
            DataType::Bool => Sample::same(json!(self.below(2) == 1)),
            DataType::String => Sample::same(json!(self.string())),
            DataType::FixedString(bytes) => {
                let len = self.below(u64::from(*bytes) + 1);
                let text: String = ('a'..).take(usize::try_from(len).unwrap()).collect();
                let padded = format!("{text:\0<width$}", width = usize::try_from(*bytes).unwrap());
                Sample::text(text, padded)
            }
            DataType::Uuid => Sample::same(json!(
                Uuid::from_u64_pair(self.next(), self.next()).to_string()
            )),
            DataType::Ipv4 => Sample::same(json!(
                Ipv4Addr::from_bits(u32::try_from(self.next() >> 32).unwrap()).to_string()
            )),
            DataType::Ipv6 => {
                let bits = (u128::from(self.next()) << 64) | u128::from(self.next());
                Sample::same(json!(Ipv6Addr::from_bits(bits).to_string()))
            }
            DataType::Date => self.date(0, 65_535),
            DataType::Date32 => self.date(-25_567, 120_529),
            DataType::DateTime { zone } => {
                let seconds = self.between(0, i64::from(u32::MAX));
                self.time(seconds, 0, zone.as_deref())
            }
            DataType::DateTime64 { precision, zone } => {
                let seconds = self.between(-2_208_988_800, 9_200_000_000);
                self.time(seconds, *precision, zone.as_deref())
            }
            DataType::Enum8(values) | DataType::Enum16(values) => {
                let (name, number) =
                    &values[usize::try_from(self.below(values.len() as u64)).unwrap()];
                let by_number = self.below(2) == 0;
                Sample {
                    json: if by_number {
                        json!(number)
                    } else {
                        json!(name)
                    },
                    csv: name.clone(),
                    shown: json!(name),
                }
            }
            DataType::Json(_) => {
                let (number, text) = (self.between(i64::MIN / 4, i64::MAX / 4), self.string());
                let json = json!({"n": number, "s": {"t": text}});
                Sample {
                    csv: json.to_string(),
                    json,
                    shown: json!({"n": number.to_string(), "s": {"t": text}}),
                }
            }
            DataType::Nullable(_) if self.below(4) == 0 => Sample {
                json: Value::Null,
                csv: String::new(),
                shown: Value::Null,
            },
            DataType::Nullable(inner)
            | DataType::LowCardinality(inner)
            | DataType::SimpleAggregateFunction { inner, .. } => self.sample(inner),
            DataType::Array(_) | DataType::Map(..) | DataType::Tuple(_) => {
                self.composite(data_type)
            }
            other => panic!("no sample for {other}"),
        }
    }

    fn integer(&mut self, bits: u16, signed: bool) -> Sample {
        let width = u64::from(bits.min(128));
        let text = if signed {
            self.wide(width).to_string()
        } else {
            let mask = u128::MAX >> (128 - width);
            (self.wide(width).cast_unsigned() & mask).to_string()
        };
        let number: Value = serde_json::from_str(&text).unwrap();
        match bits {
            8..=32 => Sample::same(number),
            // `serde_json` would write a wider number as a float.
            64 if self.below(2) == 0 => Sample {
                json: number,
                csv: text.clone(),
                shown: json!(text),
            },
            _ => Sample::text(text.clone(), text),
        }
    }

    fn decimal(&mut self, precision: u8, scale: u8) -> Sample {
        let digits = self.wide(128).unsigned_abs().to_string();
        let digits = format!("{digits:.width$}", width = usize::from(precision));
        let padded = format!("{digits:0>width$}", width = usize::from(scale) + 1);
        let (whole, fraction) = padded.split_at(padded.len() - usize::from(scale));
        let sign = if self.below(2) == 0 || digits == "0" {
            ""
        } else {
            "-"
        };
        let text = if scale == 0 {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{fraction}")
        };
        let shown = match scale {
            0 => text.clone(),
            _ => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        };
        Sample::text(text, shown)
    }

    fn date(&mut self, low: i64, high: i64) -> Sample {
        let days = self.between(low, high);
        let date = jiff::civil::date(1970, 1, 1) + jiff::Span::new().days(days);
        Sample::same(json!(date.to_string()))
    }

    fn time(&mut self, seconds: i64, precision: u8, zone: Option<&str>) -> Sample {
        let unit = 10_i64.pow(9 - u32::from(precision));
        let nanos = i32::try_from(self.between(0, 999_999_999) / unit * unit).unwrap();
        let stamp = Timestamp::new(seconds, nanos).unwrap();
        let zone = zone.map_or(TimeZone::UTC, |zone| TimeZone::get(zone).unwrap());
        let local = stamp.to_zoned(zone).datetime();
        let mut shown = local.strftime("%Y-%m-%d %H:%M:%S").to_string();
        if precision > 0 {
            let nanos = format!("{:09}", stamp.to_zoned(TimeZone::UTC).subsec_nanosecond());
            shown = format!("{shown}.{nanos:.width$}", width = usize::from(precision));
        }
        // With its offset, because a local time can mean two moments.
        Sample::text(stamp.to_string(), shown)
    }

    fn composite(&mut self, data_type: &DataType) -> Sample {
        let (json, shown) = match data_type {
            DataType::Array(element) => {
                let samples: Vec<_> = (0..self.below(4)).map(|_| self.sample(element)).collect();
                (
                    samples.iter().map(|s| s.json.clone()).collect(),
                    samples.into_iter().map(|s| s.shown).collect(),
                )
            }
            DataType::Map(key, value) => {
                let samples = (0..self.below(4)).map(|number| {
                    // Keys differ, as maps of JSON cannot show them otherwise.
                    let key = format!("{}{number}", self.sample(key).csv);
                    (key, self.sample(value))
                });
                let samples: Vec<_> = samples.collect();
                let json: Map<_, _> = samples
                    .iter()
                    .map(|(k, s)| (k.clone(), s.json.clone()))
                    .collect();
                let shown: Map<_, _> = samples.into_iter().map(|(k, s)| (k, s.shown)).collect();
                (Value::Object(json), Value::Object(shown))
            }
            DataType::Tuple(elements) => {
                let samples = elements
                    .iter()
                    .map(|(name, element)| (name, self.sample(element)));
                let samples: Vec<_> = samples.collect();
                let json = samples.iter().map(|(_, s)| s.json.clone()).collect();
                let shown = match elements.iter().all(|(name, _)| name.is_some()) {
                    true => Value::Object(
                        samples
                            .into_iter()
                            .map(|(name, s)| (name.clone().unwrap(), s.shown))
                            .collect(),
                    ),
                    false => samples.into_iter().map(|(_, s)| s.shown).collect(),
                };
                (json, shown)
            }
            other => panic!("{other} is not composite"),
        };
        Sample {
            csv: json.to_string(),
            json,
            shown,
        }
    }
}
