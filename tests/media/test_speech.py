"""Words become sound by programs that are here, and each program that is missing is named."""

from __future__ import annotations

import shutil
import sys

import pytest

from facechain_ext.errors import HostError, InputError
from facechain_ext.media import speech
from facechain_ext.media.sound import read_sound

espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="no eSpeak NG here")


@espeak
def test_espeak_tells_when_each_phoneme_begins(tmp_path, ffmpeg):
    spoken = speech.speak("Good morning, my people.", tmp_path)
    seconds = read_sound(spoken.path).seconds
    assert 1 < seconds < 4
    times = [phoneme.seconds for phoneme in spoken.phonemes]
    assert times == sorted(times)
    assert times[-1] <= seconds + 0.05
    names = "".join(phoneme.name for phoneme in spoken.phonemes)
    assert names.count("p") == 2
    assert names.count("m") == 2


@espeak
def test_without_the_library_the_command_speaks(tmp_path, ffmpeg, monkeypatch):
    (tmp_path / "worker.py").write_text("import sys; sys.exit('no library espeak-ng')")
    monkeypatch.setattr(speech, "_WORKER", tmp_path / "worker.py")
    spoken = speech.speak("你好", tmp_path)
    assert spoken.phonemes == ()
    assert read_sound(spoken.path).seconds > 0.3


@espeak
def test_an_unknown_voice_is_named(tmp_path):
    with pytest.raises(InputError, match="no voice “nobody”"):
        speech.speak("hello", tmp_path, voice="nobody")


@pytest.mark.parametrize(
    ("words", "options", "kind", "reason"),
    [
        (" \n", {}, InputError, "no words"),
        ("a" * 3001, {}, InputError, "too many"),
        ("hello", {"speaker": "edge-tts"}, InputError, "sends the words"),
        ("hello", {"speaker": "edge-tts", "send_words": True}, HostError, "edge-tts is not here"),
        ("hello", {"speaker": "piper"}, HostError, "piper is not here"),
        ("hello", {"voice": "a.onnx"}, HostError, "piper is not here"),
        ("hello", {}, HostError, "Nothing here can say words"),
    ],
)
def test_what_cannot_be_said_is_refused(tmp_path, monkeypatch, words, options, kind, reason):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(speech, "_WORKER", tmp_path / "missing.py")
    with pytest.raises(kind, match=reason):
        speech.speak(words, tmp_path, **options)


def test_piper_and_edge_get_the_words(tmp_path, monkeypatch):
    script = tmp_path / "program.py"
    script.write_text(
        "import sys\narguments = sys.argv[1:]\n"
        "words = open(arguments[1]).read() if '--file' in arguments else sys.stdin.read()\n"
        "out = arguments[arguments.index('--output_file' if '--model' in arguments else '--write-media') + 1]\n"
        "open(out, 'w').write(words)\n"
    )
    run = speech._run
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(speech, "_run", lambda command, *rest: run([sys.executable, str(script), *command[1:]], *rest))
    voice = tmp_path / "voice.onnx"
    voice.write_text("x")
    spoken = speech.speak("a b", tmp_path, voice=str(voice))
    assert spoken.path.read_text() == "a b"
    assert speech.speak("c", tmp_path, speaker="edge-tts", send_words=True).path.read_text() == "c"
