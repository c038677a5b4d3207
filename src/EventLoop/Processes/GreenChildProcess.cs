using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace GreenThreads;

/// <summary>
/// A child process. To wait for its end, or for its standard streams, parks a green thread; a plain OS thread blocks. Any thread may use it, and several may wait at
/// once. It lives beside <see cref="System.Diagnostics.Process"/>: neither takes the other's children. Its end is taken by the first wait that sees it; without one,
/// the child is a zombie until this object is disposed of or collected, and not longer.
/// </summary>
public sealed class GreenChildProcess : IDisposable
{
    private readonly ChildDescriptor _descriptor;
    private readonly GreenPipeStream? _input;
    private readonly GreenPipeStream? _output;
    private readonly GreenPipeStream? _error;

    internal GreenChildProcess(ChildDescriptor descriptor, GreenPipeStream? input, GreenPipeStream? output, GreenPipeStream? error)
    {
        _descriptor = descriptor;
        _input = input;
        _output = output;
        _error = error;
    }

    /// <summary>Starts a program with the standard streams, environment and directory of this process. Parks until it is loaded.</summary>
    /// <param name="fileName">A path, or a name that is looked for in PATH.</param>
    /// <param name="arguments">Its arguments, as they are.</param>
    /// <exception cref="SystemCallException">It cannot be started; the message says why.</exception>
    public static GreenChildProcess Start(string fileName, params IEnumerable<string> arguments) => Start(new GreenChildProcessOptions(fileName, arguments));

    /// <summary>
    /// Starts a program. Parks until it is loaded. The child has no descriptors of this process but its standard streams, no blocked signals, and the usual action
    /// for each signal but those that were ignored when this process started.
    /// </summary>
    /// <param name="options">Which program, and with what. Not used after the start.</param>
    /// <exception cref="SystemCallException">It cannot be started: there is no such program (ENOENT), it may not be executed (EACCES), a part of its path is no
    /// directory (ENOTDIR), it is no program (ENOEXEC), or the system lacks something. The message says which.</exception>
    public static GreenChildProcess Start(GreenChildProcessOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return BlockingWork.Run(() => ChildStart.Run(options));
    }

    /// <summary>The number of the process. Once the end was taken it may be that of another.</summary>
    public int Id => _descriptor.ProcessId;

    /// <summary>The descriptor of the process (pidfd): readable once it has ended, for <see cref="Select.Readable(SafeHandle)"/>.</summary>
    public SafeHandle Handle => _descriptor;

    /// <summary>The end of its standard input that is written; its disposal is the end of the input for the child. A write when the child has closed it fails with EPIPE.</summary>
    /// <exception cref="InvalidOperationException">It is no <see cref="GreenChildStream.Piped"/>.</exception>
    public GreenPipeStream StandardInput => _input ?? ThrowNotPiped();

    /// <summary>The end of its standard output that is read. It ends when the child and all who have it from the child have closed it.</summary>
    /// <exception cref="InvalidOperationException">It is no <see cref="GreenChildStream.Piped"/>.</exception>
    public GreenPipeStream StandardOutput => _output ?? ThrowNotPiped();

    /// <summary>The end of its standard error that is read.</summary>
    /// <exception cref="InvalidOperationException">It is no <see cref="GreenChildStream.Piped"/>.</exception>
    public GreenPipeStream StandardError => _error ?? ThrowNotPiped();

    /// <summary>Whether it has ended. Does not park.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed of before the end was known.</exception>
    public bool HasExited => _descriptor.TakeEnd() is not null;

    /// <summary>Waits for the end. Who reads its output has to do that first, or beside: a child that fills a pipe does not end.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed of, before or meanwhile.</exception>
    /// <exception cref="SystemCallException">Somebody else has waited for the child.</exception>
    public GreenChildExit Wait()
    {
        TryWaitCore(Deadline.Never, out GreenChildExit? exit);
        return exit!;
    }

    /// <summary>The same with a limit. The child goes on when it has passed.</summary>
    /// <param name="timeout">How long to wait at most; zero only looks, <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
    /// <param name="exit">How it has ended; null if it has not in time.</param>
    /// <returns>False if it has not ended in time.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="ObjectDisposedException">It was disposed of, before or meanwhile.</exception>
    /// <exception cref="SystemCallException">Somebody else has waited for the child.</exception>
    public bool TryWait(TimeSpan timeout, [NotNullWhen(true)] out GreenChildExit? exit) => TryWaitCore(Deadline.After(timeout), out exit);

    /// <summary>Waits for the end without parking or blocking, from any thread.</summary>
    /// <param name="cancellationToken">Ends the wait, not the child.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="ObjectDisposedException">It was disposed of, before or meanwhile.</exception>
    /// <exception cref="SystemCallException">Somebody else has waited for the child.</exception>
    public async ValueTask<GreenChildExit> WaitAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (true)
        {
            int seen = _descriptor.Interest.EdgesOf(WaitDirection.Read);
            if (_descriptor.TakeEnd() is { } exit)
                return exit;
            await _descriptor.WaitAsync(WaitDirection.Read, seen, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Ends it by SIGKILL, which it cannot catch. Its own children go on. Does not park, and does not wait for the end.</summary>
    /// <returns>False if it had ended.</returns>
    /// <exception cref="ObjectDisposedException">It was disposed of.</exception>
    /// <exception cref="SystemCallException">The system refuses, as with a program that has changed its user.</exception>
    public bool Kill() => Kill((PosixSignal)Interop.SIGKILL);

    /// <summary>Sends it a signal, never to another process that has its number by now. Does not park.</summary>
    /// <param name="signal">A name, or a number of the system's.</param>
    /// <returns>False if it had ended.</returns>
    /// <exception cref="ObjectDisposedException">It was disposed of.</exception>
    /// <exception cref="SystemCallException">There is no such signal (EINVAL), or the system refuses (EPERM).</exception>
    public bool Kill(PosixSignal signal)
    {
        _descriptor.ThrowIfClosed();
        if (Interop.pidfd_send_signal(_descriptor, Interop.NumberOfSignal(signal)) == 0)
            return true;
        int errno = Marshal.GetLastPInvokeError();
        return errno == Errno.ESRCH ? false : throw new SystemCallException("pidfd_send_signal", errno);
    }

    /// <summary>
    /// Closes the streams, and whoever waits gets an <see cref="ObjectDisposedException"/>. The child goes on if it has not ended; its end is taken when it comes.
    /// Any thread, any number of times; does not park.
    /// </summary>
    public void Dispose()
    {
        // First: who waits for the end is not to get one that comes from the closed input.
        _descriptor.Dispose();
        _output?.Dispose();
        _error?.Dispose();
        _input?.Dispose();
    }

    private static GreenPipeStream ThrowNotPiped() => throw new InvalidOperationException("The child was started without a pipe there: set the option to GreenChildStream.Piped.");

    private bool TryWaitCore(Deadline deadline, [NotNullWhen(true)] out GreenChildExit? exit)
    {
        EventLoopHost.Current.SpendBudget();
        while (true)
        {
            int seen = _descriptor.Interest.EdgesOf(WaitDirection.Read);
            exit = _descriptor.TakeEnd();
            if (exit is not null)
                return true;
            if (deadline.HasPassed || !_descriptor.Wait(WaitDirection.Read, seen, deadline))
            {
                exit = _descriptor.TakeEnd();
                return exit is not null;
            }
        }
    }
}
