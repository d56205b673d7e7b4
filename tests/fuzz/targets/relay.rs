#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _ = strangers::relay::TARGET.run(input);
});
