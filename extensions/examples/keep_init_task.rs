// SPDX-License-Identifier: GPL-2.0-or-later
//! An extension in Rust: it includes the page of `init_task` at any dump level.
//!
//!     rustc --edition 2021 --crate-type cdylib -C panic=abort \
//!         -C link-arg=$(pkg-config --libs makedumpfile-extension) keep_init_task.rs
//!
//! A declaration is a record of facts/declare.h and a pointer to it in a section. The linker
//! script keeps these sections.
use std::cell::UnsafeCell;
use std::os::raw::{c_char, c_int, c_uint, c_ulong};
use std::ptr::null;

/// struct ksym_info. The program fills in the last two before it calls extension_init().
#[repr(C)]
struct KsymInfo {
    modname: *const c_char,
    symname: *const c_char,
    sym_required: bool,
    value: UnsafeCell<u64>,
    index: UnsafeCell<c_int>,
}
// An extension has one thread.
unsafe impl Sync for KsymInfo {}

static INIT_TASK: KsymInfo = KsymInfo {
    modname: b"vmlinux\0".as_ptr() as *const c_char,
    symname: b"init_task\0".as_ptr() as *const c_char,
    sym_required: true,
    value: UnsafeCell::new(0),
    index: UnsafeCell::new(-1),
};

#[used]
#[link_section = ".init_ksyms"]
static INIT_TASK_POINTER: &KsymInfo = &INIT_TASK;

#[allow(non_upper_case_globals)]
#[no_mangle]
pub static makedumpfile_extension_abi: c_uint = 3;

const MDF_LOG_COMMON: c_int = 2;
const PG_INCLUDE: c_int = 0;

extern "C" {
    fn mdf_log(level: c_int, func: *const c_char, fmt: *const c_char, ...);
    fn mdf_error() -> *const c_char;
    fn mdf_page_size() -> c_uint;
    fn mdf_to_physical(address: u64, physical: *mut u64) -> c_int;
    fn extension_decide(pfn: c_ulong, nr: c_ulong, verdict: c_int);
    fn extension_fail(fmt: *const c_char, ...) -> !;
}

#[no_mangle]
pub extern "C" fn extension_init() {
    let mut physical = 0;
    unsafe {
        if mdf_to_physical(*INIT_TASK.value.get(), &mut physical) != 0 {
            extension_fail(b"init_task: %s\0".as_ptr() as *const c_char, mdf_error());
        }
        let pfn = physical / u64::from(mdf_page_size());
        extension_decide(pfn as c_ulong, 1, PG_INCLUDE);
        let text = b"pfn %#lx of init_task is included\n\0";
        mdf_log(MDF_LOG_COMMON, null(), text.as_ptr() as *const c_char, pfn as c_ulong);
    }
}
