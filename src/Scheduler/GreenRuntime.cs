using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Extensions.Logging;

namespace GreenThreads;

/// <summary>
/// What this process's green threads stand on. The first use examines the runtime (some tens of milliseconds); if anything is not as it must
/// be, nothing is guessed: green threads are then OS threads, and <see cref="Describe"/> says why. The environment variable
/// <c>GREENTHREADS_MODE=bound</c> asks for that.
/// </summary>
public static partial class GreenRuntime
{
    private const string ModeVariable = "GREENTHREADS_MODE";

    private static readonly Lock s_gate = new();
    private static Coroutine? s_spare;
    private static readonly State s_state = Start();

    // Guarded by s_gate.
    private static bool s_warned;

    private sealed record State(GreenRuntimeMode Mode, string? BoundReason, bool AskedFor, bool MayMigrate = false);

    /// <summary>Whether green threads are switched or bound to OS threads. Any thread; does not park.</summary>
    public static GreenRuntimeMode Mode => s_state.Mode;

    /// <summary>
    /// Says in some lines of text which runtime was found, what was found in it and how, and in which mode green threads run. For logs and bug
    /// reports; not to be parsed. Any thread; does not park.
    /// </summary>
    public static string Describe()
    {
        var text = new StringBuilder();
        string? version = typeof(GreenRuntime).Assembly.GetName().Version?.ToString(3);
        text.Append($"GreenThreads {version} on {RuntimeInformation.FrameworkDescription}, ");
        text.AppendLine($"{RuntimeInformation.RuntimeIdentifier}, {RuntimeInformation.OSDescription}");
        if (s_state.BoundReason is { } reason)
            return text.AppendLine($"mode: Bound (every green thread is an OS thread): {reason}").AppendLine("event loop: epoll").ToString();

        text.AppendLine("mode: Switched");
        text.Append(ClrRuntime.Layout.Describe());
        text.AppendLine("verification: two OS threads agreed on each value; a coroutine was parked, compacted and resumed on another OS thread");
        AppendDirectRoom(text, ClrRuntime.DirectRoom);
        StackArena arena = Coroutine.Arena;
        text.Append($"stacks: {arena.Capacity} of {arena.Stride / 1024} KB at 0x{arena.Region:x}, {arena.InUse} in use, ");
        text.AppendLine($"guards of {StackArena.GuardSize / 1024} KB by {arena.GuardKind}");
        text.AppendLine($"large stacks: {arena.LargeStacks!.Capacity} of {LargeStacks.Stride / 1024} KB at 0x{arena.Start:x}, {arena.LargeStacks.InUse} in use");
        text.AppendLine($"spinning green threads let others run: {(SpinHook.MissingReason is { } missing ? $"no, {missing}" : "yes")}");
        text.AppendLine($"event loop: {EventLoopEngines.Describe()}");
        text.AppendLine($"CLR Threads of idle coroutines: {CoroutineReaper.Describe()}");
        return text.ToString();
    }

    /// <summary>
    /// Whether green threads may go on on another OS thread than they parked on. Not in bound mode, and not if thread statics of somebody's class
    /// lie where only this library's and the framework's should (<see cref="DirectRoom"/>), or may: every park is then affine. Constant.
    /// </summary>
    internal static bool MayMigrate => s_state.MayMigrate;

    /// <summary>What to warn of if green threads that are switched must not migrate; null if they may.</summary>
    internal static string? MigrationWarning
    {
        get
        {
            if (s_state.Mode != GreenRuntimeMode.Switched || s_state.MayMigrate)
                return null;
            DirectRoom room = ClrRuntime.DirectRoom;
            string who = room.Candidates.Count > 0 ? string.Join(", ", room.Candidates) : "classes that are not known";
            return $"Thread statics of {who} were used before GreenThreads and lie inside the block of the OS thread, which does not follow a green thread "
                + "to another one. So green threads stay on the scheduler where they started; others take only those that have not. To avoid that, let the first line of Main "
                + "call GreenRuntime.Describe()";
        }
    }

    /// <summary>Tells a logger, once in the process, that green threads are bound although nobody asked for it, or that they do not migrate.</summary>
    internal static void Warn(ILogger logger)
    {
        string? bound = s_state.AskedFor ? null : s_state.BoundReason;
        string? migration = MigrationWarning;
        if ((bound ?? migration) is null || !logger.IsEnabled(LogLevel.Warning))
            return;
        lock (s_gate)
        {
            if (s_warned)
                return;
            s_warned = true;
        }
        if (bound is not null)
            LogBound(logger, bound);
        else
            LogNoMigration(logger, migration!);
    }

    /// <summary>The coroutine that the self-test used; the first scheduler takes it into its pool.</summary>
    internal static Coroutine? TakeSpareCoroutine() => Interlocked.Exchange(ref s_spare, null);

    private static State Start()
    {
        string? wanted = Environment.GetEnvironmentVariable(ModeVariable);
        if (string.Equals(wanted, "bound", StringComparison.OrdinalIgnoreCase))
            return new State(GreenRuntimeMode.Bound, $"{ModeVariable}={wanted}", AskedFor: true);
        try
        {
            ClrRuntime.Examine();
            LockThreadId.Prepare();
            ClrThread.Prepare();
            ContextSwitch.Prepare();
            AffinityCause.Prepare();
            Coroutine.CreateArena();
            s_spare = SwitchSelfTest.Run();
            SpinHook.Install(Coroutine.Arena);
            return new State(GreenRuntimeMode.Switched, null, AskedFor: false, ClrRuntime.DirectRoom.AllowsMigration);
        }
        catch (Exception exception) when (Reason(exception) is not null)
        {
            return new State(GreenRuntimeMode.Bound, Reason(exception), AskedFor: false);
        }
    }

    private static void AppendDirectRoom(StringBuilder text, DirectRoom room)
    {
        text.Append($"direct thread statics: {room.Taken} bytes taken by this library, {room.Lost} lost to classes that were used before it");
        text.AppendLine(room.Owners is null ? ", which are not known" : "");
        foreach (DirectRoomOwner owner in room.Owners ?? [])
            text.AppendLine($"  {owner.Bytes} by {owner}{(owner.IsTrusted ? "" : ", which is not the framework's")}");
        text.AppendLine(room.AllowsMigration ? "migration: yes" : "migration: no, green threads stay on the scheduler where they started, because of the direct thread statics");
    }

    // What is foreseen to go wrong. Anything else is a fault of ours and is not hidden behind bound mode.
    private static string? Reason(Exception exception) => exception switch
    {
        RuntimeUnsupportedException or SystemCallException or GreenThreadLimitException or IOException or UnauthorizedAccessException => exception.Message,
        // A C library that lacks one of the functions that we use.
        EntryPointNotFoundException or DllNotFoundException => exception.Message,
        // The machine code is published by type initializers; a system may forbid executable anonymous memory.
        TypeInitializationException { InnerException: SystemCallException inner } => inner.Message,
        _ => null,
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "Green threads run as OS threads (bound mode): {Reason}")]
    private static partial void LogBound(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Green threads do not change schedulers: {Reason}")]
    private static partial void LogNoMigration(ILogger logger, string reason);
}
