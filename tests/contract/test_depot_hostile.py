"""FTP servers that are odd, broken or hostile: what they say is bounded, never followed and never shown."""

import asyncio
import contextlib
import re
import socket
import threading
from pathlib import Path

import asyncssh
import pytest

from bot.errors import Refused, SubmissionError, TryLater
from bot.scanners.http.upload import BUILD_CHANGED
from bot.scanners.onetrust.file_server import FileServerTimeouts, open_file_server, sentences
from bot.scanners.onetrust.file_server_address import FileServerAddress
from tests.fakes import until

PASSWORD = "hunter22 hunter22"
SIZE = 100_000
TEXTS = {BUILD_CHANGED} | {text for name, text in vars(sentences).items() if name.isupper()}


async def no_sleep(seconds: float) -> None:
    """No pauses."""


HASTE = FileServerTimeouts(
    attempts=2, enter_s=1, answer_s=1, silence_s=1, finish_s=1, goodbye_s=0.2, sleep=no_sleep
)


class Script:
    """An FTP server that answers by rote: ``says`` maps a command's first word to its answer."""

    def __init__(self, **says: str) -> None:
        self.says = {
            "HELLO": "220 hello",
            "USER": "331 and the password",
            "PASS": "230 in",
            "CWD": "250 there",
            "TYPE": "200 binary",
            "STOR": "150 go on",
            "DONE": "226 got it",
            "RNFR": "350 to what",
            "RNTO": "250 done",
            "DELE": "250 gone",
            "REST": "350 from there",
            "QUIT": "221 bye",
            **says,
        }
        self.heard: list[str] = []
        self.took = 0
        self.sizes: dict[str, str] = {}
        """What SIZE answers, by name."""
        self.port = 0
        self.data_port = 0
        self.peers: set[str] = set()

    async def control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await self._say(writer, "HELLO")
            while line := (await reader.readline()).decode().rstrip("\r\n"):
                self.heard.append(line)
                word = line.partition(" ")[0]
                if word == "DELE":
                    self.sizes.pop(line[5:], None)
                if word == "PASV" and "PASV" not in self.says:
                    port = self.data_port
                    writer.write(f"227 at (10,9,8,7,{port >> 8},{port & 255})\r\n".encode())
                elif word == "SIZE" and "SIZE" not in self.says:
                    writer.write(self.sizes.get(line[5:], "550 no such file").encode() + b"\r\n")
                else:
                    await self._say(writer, word)
        writer.close()

    async def data(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while block := await reader.read(65536):
                self.took += len(block)
        writer.close()
        self.ended.set()

    async def _say(self, writer: asyncio.StreamWriter, word: str) -> None:
        answer = self.says.get(word, "500 what")
        if answer == "for ever":
            while True:
                writer.write(b"2" * 60_000)
                await writer.drain()
        if answer == "line after line":
            while True:
                writer.write(b"220-and\r\n" * 1000)
                await writer.drain()
        if answer == "nothing":
            return
        writer.write(f"{answer}\r\n".encode())
        await writer.drain()
        if word == "STOR" and answer.startswith("1"):
            await self.ended.wait()
            self.ended.clear()
            name = self.heard[-1].removeprefix("STOR ")
            self.sizes[name] = self.says.get("THEN", f"213 {self.took}")
            await self._say(writer, "DONE")

    @contextlib.asynccontextmanager
    async def running(self):
        self.ended = asyncio.Event()
        control = await asyncio.start_server(self.control, "127.0.0.1", 0)
        data = await asyncio.start_server(self.data, "127.0.0.1", 0)
        self.port = control.sockets[0].getsockname()[1]
        self.data_port = data.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            for server in (control, data):
                server.close()
            here = asyncio.current_task()
            rest = [task for task in asyncio.all_tasks() if task is not here]
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

    def address(self, **changes: object) -> FileServerAddress:
        about = {"scheme": "ftp", "host": "127.0.0.1", "port": self.port, "user": "u", "password": PASSWORD}
        return FileServerAddress(**(about | {"folder": "builds"} | changes))


@pytest.fixture
def build(tmp_path) -> Path:
    path = tmp_path / "shop.apk"
    path.write_bytes(bytes(range(250)) * (SIZE // 250))
    return path


async def put(script: Script, build: Path, **changes: object) -> int:
    async def note(sentence: str) -> None:
        assert sentence == sentences.STARTED_OVER

    depot = open_file_server(script.address(**changes), timeouts=HASTE)
    return await depot.upload(build, "shop.apk", size_bytes=SIZE, progress=lambda *_: None, note=note)


async def failure(script: Script, build: Path, **changes: object) -> SubmissionError:
    with pytest.raises((Refused, TryLater)) as caught:
        await put(script, build, **changes)
    error = caught.value
    assert error.user_message in TEXTS
    told = f"{error} {error.__cause__} {error.__context__}"
    assert PASSWORD not in told
    assert len(str(error)) < 500
    assert str(error).isprintable()
    assert getattr(error, "scanner_failed", False) is False
    await until(lambda: not any(thread.name.startswith("depot") for thread in threading.enumerate()))
    return error


async def test_data_goes_to_the_server_itself_whatever_address_it_names(build):
    async with Script().running() as script:
        assert await put(script, build) == SIZE

    assert script.took == SIZE
    assert [line for line in script.heard if line.startswith(("PORT", "EPRT"))] == []
    assert script.heard[-4:-1] == ["SIZE shop.apk.part", "RNFR shop.apk.part", "RNTO shop.apk"]


async def test_a_server_that_has_extended_passive_mode_alone_is_understood(build):
    async with Script(PASV="502 not here").running() as script:
        script.says["EPSV"] = f"229 at (|||{script.data_port}|)"

        assert await put(script, build) == SIZE


@pytest.mark.parametrize(
    "says",
    [
        {"HELLO": "for ever"},
        {"HELLO": "line after line"},
        {"HELLO": "nothing"},
        {"HELLO": "SSH-2.0-OpenSSH_9.6"},
        {"HELLO": ""},
        {"HELLO": "421 too many"},
        {"HELLO": "500 go away"},
        {"USER": "421 " + PASSWORD},
        {"PASS": "for ever"},
        {"PASS": "999 what"},
        {"SIZE": "213 banana"},
        {"SIZE": "213 -1"},
        {"SIZE": "213 " + "9" * 4000},
        {"SIZE": "213"},
        {"SIZE": "250 100000"},
        {"SIZE": "nothing"},
        {"PASV": "227 at (1,2,3,4,5)"},
        {"PASV": "227 at (127,0,0,1,999,999)"},
        {"PASV": "227 at (127,0,0,1,0,0)"},
        {"PASV": "227 at (1,1,1,1,1," + "1" * 5000 + ")"},
        {"PASV": "500 no", "EPSV": "229 at (|||x|)"},
        {"PASV": "500 no", "EPSV": "229 ()"},
        {"PASV": "500 no", "EPSV": "229 at (|||99999999|)"},
        {"STOR": "226 no need"},
        {"STOR": "425 Can't open data connection: " + PASSWORD},
        {"RNTO": "450 busy"},
    ],
)
async def test_nonsense_ends_in_another_try_later(build, says):
    async with Script(**says).running() as script:
        assert type(await failure(script, build)) is TryLater


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        ({"PASS": f"530 not {PASSWORD}"}, sentences.LOGIN),
        ({"USER": f"530 {PASSWORD}: use TLS"}, sentences.PLAINTEXT),
        ({"CWD": "550 \u202e <!channel> \x00"}, sentences.FOLDER),
        ({"SIZE": "502 what is SIZE"}, sentences.NO_SIZE),
        ({"STOR": f"553 {PASSWORD} not allowed"}, sentences.NO_WRITING),
        ({"DONE": "550 forbidden by content"}, sentences.NO_WRITING),
        ({"RNFR": "550 no renaming"}, sentences.NO_RENAMING),
        ({"RNTO": "553 no renaming"}, sentences.NO_RENAMING),
        ({"STOR": "552 full"}, sentences.FULL),
        ({"DONE": "452 full"}, sentences.FULL),
        ({"DONE": "426 No space left on device"}, sentences.FULL),
        ({"STOR": "450 not now"}, sentences.NO_REASON),
        ({"STOR": "426 lost"}, sentences.BREAKS),
        ({"THEN": "213 99999"}, sentences.MISMATCH),
        ({"THEN": "550 gone"}, sentences.MISMATCH),
    ],
)
async def test_an_answer_has_its_sentence(build, says, sentence):
    async with Script(**says).running() as script:
        assert (await failure(script, build)).user_message == sentence


async def test_what_has_the_wrong_size_is_sent_once_more_and_taken_away(build):
    async with Script(THEN="213 99999").running() as script:
        await failure(script, build)

    assert script.took == 2 * SIZE
    assert script.heard.count("DELE shop.apk.part") == 2
    assert not any(line.startswith("RN") for line in script.heard)


async def test_a_server_without_tls_for_data_gets_no_build(build):
    async with Script(AUTH="234 yes").running() as script:
        error = await failure(script, build, scheme="ftps")
    assert type(error) is TryLater
    async with Script().running() as script:
        error = await failure(script, build, scheme="ftps")
    assert error.user_message == sentences.NO_TLS
    assert not any(line.startswith(("USER", "PASS")) for line in script.heard)


@pytest.mark.parametrize("done", ["nothing", f"451 local error \x1b[31m {PASSWORD}", "999 what"])
async def test_what_arrived_is_not_sent_again_though_the_server_did_not_say_so(build, done):
    async with Script(DONE=done).running() as script:
        assert await put(script, build) == SIZE

    assert script.took == SIZE
    assert "RNTO shop.apk" in script.heard


async def test_ports_for_data_that_are_shut_are_told_from_a_server_that_is_away(build):
    async with Script().running() as script:
        with socket.socket() as shut:
            shut.bind(("127.0.0.1", 0))
            script.data_port = shut.getsockname()[1]
            assert (await failure(script, build)).user_message == sentences.NO_DATA_PORT
            with pytest.raises(TryLater) as caught:
                await open_file_server(script.address(), timeouts=HASTE).check()

    assert caught.value.user_message == sentences.NO_DATA_PORT


async def test_what_may_not_be_removed_is_said(build):
    async with Script(SIZE="213 7", DELE="550 no").running() as script:
        with pytest.raises(Refused) as caught:
            await open_file_server(script.address(), timeouts=HASTE).remove("shop.apk")

    assert caught.value.user_message == sentences.NO_REMOVING


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        ({"RNFR": "550 no"}, sentences.NO_RENAMING),
        ({"DELE": "550 no"}, sentences.NO_REMOVING),
        ({"DELE": "nothing"}, sentences.STALLED),
    ],
)
async def test_trying_a_server_out_says_what_may_not_be_done_there(says, sentence):
    async with Script(**says).running() as script:
        with pytest.raises((Refused, TryLater)) as caught:
            await open_file_server(script.address(), timeouts=HASTE).try_out()

    (name,) = {line.split()[1] for line in script.heard if line.startswith("STOR")}
    assert caught.value.user_message == sentence
    assert re.fullmatch(r"appscan-check-[0-9a-f]{16}\.part", name)
    assert any(line.startswith("DELE appscan-check-") for line in script.heard)


async def test_a_name_is_a_name_and_nothing_else(build):
    depot = open_file_server(Script().address(), timeouts=HASTE)
    for name in ("", ".", "..", ".hidden", "a/b", "a b", "a\r\nDELE b", "a\0", "ä.apk", "x" * 300, "x.part"):
        with pytest.raises(ValueError, match="no name"):
            await depot.remove(name)
        with pytest.raises(ValueError, match="no name"):
            await depot.upload(build, name, size_bytes=SIZE, progress=lambda *_: None, note=no_sleep)


async def test_a_build_that_changed_meanwhile_is_not_sent(build):
    async with Script().running() as script:
        build.write_bytes(b"shorter")
        error = await failure(script, build)

    assert type(error) is TryLater
    assert script.took == 0


async def test_an_ssh_server_that_speaks_nothing_we_do_is_refused(build):
    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[key], encryption_algs=["3des-cbc"], mac_algs=["hmac-md5"]
    )
    async with server:
        script = Script()
        script.port = server.get_port()
        error = await failure(script, build, scheme="sftp", host_key=key.export_public_key().decode().strip())

    assert error.user_message == sentences.NO_COMMON_WAY


async def test_a_host_that_can_not_be_resolved_is_tried_again_later(build):
    error = await failure(Script(), build, host="no-such-host.invalid", port=21)

    assert error.user_message == sentences.NOT_REACHED
