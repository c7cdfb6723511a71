"""A function as a scorer: a task in, a verdict or an error out, whatever the function does."""
import inspect
import signal

from . import styles
from .arguments import Arguments
from .reasons import Refused, reason
from .verdicts import verdict


class Scorer:
    def __init__(self, source, options):
        self._function, self._path, self._loop = source.function, source.path, None
        self.version = source.version
        self._style = styles.style_of(source.function) if options.style == "auto" else options.style
        if self._style is None:
            raise Refused(f"{source.name} takes none of completion, completions, solution_str: its style is unknown; say --style")
        offered = styles.offers(self._style, source.function, options)
        self._arguments = Arguments(source.function, source.name, offered, [*options.columns, *options.settings],
                                    styles.row_of(self._style, options))
        self.wants, self.needs = self._arguments.wants, self._arguments.needs

    def judge(self, task):
        try:
            if task.get("type") != "score":
                raise Refused(f"unknown type of frame: {task.get('type')}")
            return {"type": "verdict", "id": task["id"]} | verdict(self._style, self._call(task))
        except BaseException as error:  # sys.exit() and worse
            return {"type": "error", "id": task.get("id"), "detail": reason(error, self._path)}

    def _call(self, task):
        try:
            arguments = self._arguments.of(task)
        except KeyError as error:
            raise Refused(f"the task has no {error}") from error
        try:
            result = self._function(**arguments)
            return self._finished(result) if inspect.isawaitable(result) else result
        finally:
            _no_alarm()

    def _finished(self, awaitable):
        """One event loop for all tasks, so that a scorer may keep its HTTP session."""
        import asyncio  # it costs tens of milliseconds at the start
        if self._loop is None or self._loop.is_closed():
            self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)

        async def wait():
            return await awaitable
        return self._loop.run_until_complete(wait())


def _no_alarm():
    """An alarm that a scorer left set must not strike between tasks."""
    while True:
        try:
            signal.setitimer(signal.ITIMER_REAL, 0)
            return
        except BaseException:  # it struck just now
            continue
