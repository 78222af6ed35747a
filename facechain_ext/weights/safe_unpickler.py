"""A reader of pickles that can only build data: it interprets the opcodes itself and never calls what a file names.

Python's own ``pickle`` looks globals up and calls them, which is how a weights file runs commands (and how, up to torch
2.5, even ``torch.load(weights_only=True)`` did: CVE-2025-32434). Here a global stays a ``GlobalName``; the caller's
table decides what calling it means, and every other global is refused.

The standard library's ``Unpickler`` with its own ``find_class`` would be shorter, but it is less inert: the memo index
of one LONG_BINPUT makes it allocate (ten bytes of pickle took 4 GB in CPython 3.11), SETITEM hashes keys that are
nested without bound, NEWOBJ and BUILD run methods and set attributes of what ``find_class`` returned, and the number
of instructions cannot be limited.
"""

from __future__ import annotations

import pickletools
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Arguments = tuple[object, ...]

MAX_OPCODES = 5_000_000
"""A Stable Diffusion checkpoint has about 10^5; each needs at most some 100 bytes, which bounds the memory."""
MAX_ITEM_BYTES = 64 * 2**20
"""The longest string or number of one opcode; names of weights are below 1 KiB."""
MAX_LINE_BYTES = 4096
"""The longest line of protocol 0; parsing a decimal number takes time quadratic in its length before Python 3.12."""


class UnsafePickleError(Exception):
    """A pickle needs something other than data; the text completes a sentence that begins with the file's name."""


class DamagedPickleError(Exception):
    """The bytes are not a complete pickle."""


@dataclass(frozen=True)
class GlobalName:
    """A global that a pickle names; never looked up, never called."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class OpaqueObject:
    """Placeholder of an object that the weights do not need (a hyperparameter, a callback) and that is not rebuilt."""


_MARK = object()
_KEY_TYPES = (str, int, float, bool, bytes, type(None))
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_VALUES = frozenset(
    [
        f"{kind}{size}"
        for kind in ("BININT", "LONG", "BINUNICODE", "BINBYTES", "BYTEARRAY")
        for size in ("", "1", "2", "4", "8")
    ]
    + ["INT", "FLOAT", "BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING"]
    + ["UNICODE", "SHORT_BINUNICODE", "SHORT_BINBYTES"]
)
_EMPTY: dict[str, Callable[[], object]] = {
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_SET": list,
}


class _BoundedStream:
    """The file as ``pickletools`` reads it, with bounds on the size of one read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        if size > MAX_ITEM_BYTES:
            raise UnsafePickleError(f"announces a single item of {size} bytes")
        return self._file.read(size)

    def readline(self) -> bytes:
        line = self._file.readline(MAX_LINE_BYTES)
        if len(line) >= MAX_LINE_BYTES and not line.endswith(b"\n"):
            raise UnsafePickleError(f"contains a text line of over {MAX_LINE_BYTES} bytes")
        return line

    def tell(self) -> int:
        return self._file.tell()


class SafeUnpickler:
    """Builds the data of one pickle.

    ``calls`` maps a global to the function of the argument tuple that is run instead of it, ``constants`` maps a global
    to a value, and ``persistent`` maps a persistent id to a value. Any other global, and any opcode that makes objects
    in another way, raises UnsafePickleError.
    """

    def __init__(
        self,
        calls: Mapping[str, Callable[[Arguments], object]],
        constants: Mapping[str, object],
        persistent: Callable[[object], object],
    ) -> None:
        self._calls = calls
        self._constants = constants
        self._persistent = persistent
        self._stack: list[object] = []
        self._memo: dict[object, object] = {}

    def load(self, file: IO[bytes]) -> object:
        """The value of the pickle that starts at the file's position, which ends just behind it.

        Raises DamagedPickleError for an incomplete pickle and UnsafePickleError for one that needs more than data.
        """
        self._stack, self._memo = [], {}
        try:
            for count, (opcode, argument, _) in enumerate(pickletools.genops(_BoundedStream(file))):  # type: ignore[arg-type]
                if count > MAX_OPCODES:
                    raise UnsafePickleError(f"has over {MAX_OPCODES} instructions")
                self._step(opcode.name, argument)
            return self._pop()
        except (ValueError, IndexError, KeyError, TypeError, EOFError, UnicodeError, OverflowError) as error:
            raise DamagedPickleError(str(error)) from error

    def call(self, callee: object, arguments: object) -> object:
        """The value of a call; raises UnsafePickleError unless ``callee`` is a GlobalName in ``calls``."""
        if not isinstance(callee, GlobalName):
            raise UnsafePickleError("calls something that is not a name")
        if not isinstance(arguments, tuple):
            raise DamagedPickleError("a call without a tuple of arguments")
        known = self._calls.get(str(callee))
        if known is None:
            raise UnsafePickleError(f"asks to call {callee}")
        return known(arguments)

    def _step(self, name: str, argument: object) -> None:
        stack = self._stack
        if name in ("PROTO", "FRAME", "STOP"):
            return
        if name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _VALUES:
            stack.append(argument)
        elif name in _EMPTY:
            stack.append(_EMPTY[name]())
        elif name == "MARK":
            stack.append(_MARK)
        elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
            self._memo[argument] = self._top()
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = self._top()
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(self._memo[argument])
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            size = int(name[-1])
            stack.append(tuple([self._pop() for _ in range(size)][::-1]))
        elif not self._step_collection(name) and not self._step_object(name, argument):
            raise UnsafePickleError(f"uses the instruction {name}, which weights never need")

    def _step_collection(self, name: str) -> bool:
        """Execute an instruction that fills lists or dictionaries; False when ``name`` is none of them."""
        if name == "POP":
            self._stack.pop()
        elif name == "POP_MARK":
            self._pop_to_mark()
        elif name == "DUP":
            self._stack.append(self._top())
        elif name in ("TUPLE", "FROZENSET"):
            self._stack.append(tuple(self._pop_to_mark()))
        elif name == "LIST":
            self._stack.append(self._pop_to_mark())
        elif name == "APPEND":
            self._extend([self._pop()])
        elif name in ("APPENDS", "ADDITEMS"):
            self._extend(self._pop_to_mark())
        elif name == "DICT":
            items = self._pop_to_mark()
            self._stack.append({})
            self._update(items)
        elif name == "SETITEM":
            value = self._pop()
            self._update([self._pop(), value])
        elif name == "SETITEMS":
            self._update(self._pop_to_mark())
        else:
            return False
        return True

    def _step_object(self, name: str, argument: object) -> bool:
        """Execute an instruction that makes objects; False when ``name`` is none of the supported ones."""
        if name == "GLOBAL":
            module, _, attribute = str(argument).partition(" ")
            self._stack.append(self._find_global(module, attribute))
        elif name == "STACK_GLOBAL":
            name_on_stack, module_on_stack = self._pop(), self._pop()
            self._stack.append(self._find_global(module_on_stack, name_on_stack))
        elif name in ("REDUCE", "NEWOBJ"):
            arguments = self._pop()
            self._stack.append(self.call(self._pop(), arguments))
        elif name == "BUILD":
            # The state of an OrderedDict (its ``_metadata``) or of an opaque object: weights need neither.
            self._pop()
            if not isinstance(self._top(), (dict, OpaqueObject)):
                raise UnsafePickleError("sets the state of something that is not a dictionary")
        elif name == "BINPERSID":
            self._stack.append(self._persistent(self._pop()))
        else:
            return False
        return True

    def _find_global(self, module: object, attribute: object) -> object:
        if not isinstance(module, str) or not isinstance(attribute, str):
            raise UnsafePickleError("computes the name of what it wants to call")
        name = GlobalName(module, attribute)
        if str(name) in self._constants:
            return self._constants[str(name)]
        if str(name) not in self._calls:
            raise UnsafePickleError(f"asks for {name}")
        return name

    def _top(self) -> object:
        value = self._stack[-1]
        if value is _MARK:
            raise DamagedPickleError("a mark where a value should be")
        return value

    def _pop(self) -> object:
        value = self._top()
        self._stack.pop()
        return value

    def _pop_to_mark(self) -> list[object]:
        position = len(self._stack) - 1
        while position >= 0 and self._stack[position] is not _MARK:
            position -= 1
        if position < 0:
            raise DamagedPickleError("no mark")
        items = self._stack[position + 1 :]
        del self._stack[position:]
        return items

    def _extend(self, items: list[object]) -> None:
        target = self._top()
        if isinstance(target, OpaqueObject):
            return
        if not isinstance(target, list):
            raise DamagedPickleError("items for something that is not a list")
        target.extend(items)

    def _update(self, items: list[object]) -> None:
        target = self._top()
        if isinstance(target, OpaqueObject):
            return
        if not isinstance(target, dict) or len(items) % 2:
            raise DamagedPickleError("items for something that is not a dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            # Weights have plain keys; old trainers also use classes as keys of callbacks. Those are left out, not
            # hashed: hashing a deeply nested tuple can overflow the C stack.
            if isinstance(key, _KEY_TYPES):
                target[key] = value
