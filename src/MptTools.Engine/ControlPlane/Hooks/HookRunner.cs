using MptTools.Engine.Linux;

namespace MptTools.Engine.ControlPlane.Hooks;

/// <summary>What hooks may take of time and room.</summary>
/// <param name="Run">How long each may run.</param>
/// <param name="Stop">How long a server that stops waits for hooks in all.</param>
/// <param name="Queue">Events and finished changes that wait for their hooks; beyond that they are dropped and counted.</param>
internal sealed record HookLimits(TimeSpan Run, TimeSpan Stop, int Queue)
{
    internal static HookLimits Default { get; } = new(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(20), 1000);
}

/// <summary>
/// Calls the site's hooks before and after changes and on events (docs/hooks.md). Where there is no hooks/ directory, each
/// member costs one system call and does nothing else.
/// </summary>
/// <remarks>
/// Who makes a change decides where its pre hook runs. A command's caller waits for it himself, before he enters the control
/// thread: <see cref="Around{T}"/>. The control thread never waits: what it changes by itself it begins with <see cref="Begin"/>,
/// and finishes when the answer is posted back. While a server starts nobody else is served yet, and all is done in place. All members
/// may be called from any thread.
/// </remarks>
internal sealed class HookRunner : IDisposable
{
    /// <summary>Changes of the control thread whose pre hooks run at the same time; others wait for their turn.</summary>
    private const int ParallelChanges = 16;

    private readonly string server;
    private readonly string? configDirectory;
    private readonly EventHub events;
    private readonly TimeProvider time;
    private readonly HookLimits limits;
    private readonly HookDirectory directory;
    private readonly HookSpawner? spawner;
    private readonly WorkQueue changes, told;
    private readonly EventFd abandon = new();
    private int dropped;
    private volatile Action<Action>? post;

    /// <summary>Made by the thread that starts the server: hooks run in its network namespace.</summary>
    /// <param name="configDirectory">Where hooks/ is; null: nowhere.</param>
    /// <param name="limits">Null: <see cref="HookLimits.Default"/>.</param>
    /// <param name="owner">Who hooks must belong to: root but in tests.</param>
    internal HookRunner(string server, string? configDirectory, EventHub events, TimeProvider time, HookLimits? limits = null, uint owner = 0)
    {
        (this.server, this.configDirectory, this.events, this.time) = (server, configDirectory, events, time);
        this.limits = limits ?? HookLimits.Default;
        directory = new HookDirectory(configDirectory, owner, sentence => Raise(MptEventKind.HookFailed, sentence));
        spawner = configDirectory is null ? null : new HookSpawner(server);
        changes = new WorkQueue($"{server} pre hooks", ParallelChanges, int.MaxValue);
        told = new WorkQueue($"{server} hooks", 1, this.limits.Queue);
    }

    /// <summary>Whether <see cref="ControlStarted"/> was called: <see cref="Begin"/> may answer later.</summary>
    internal bool IsControlRunning => post is not null;

    /// <summary>From now on the control thread runs, and what it begins is given back to it.</summary>
    internal void ControlStarted(Action<Action> post) => this.post = post;

    /// <summary>Runs the pre hooks, makes a change, runs the post hooks; all of it on the calling thread, which is not the control thread.</summary>
    /// <exception cref="MptCommandException">A pre hook has stopped the change; nothing was changed.</exception>
    internal T Around<T>(HookFacts facts, Func<T> change)
    {
        if (!directory.Exists)
        {
            return change();
        }
        if (RunBefore(facts) is { } refusal)
        {
            throw new MptCommandException(refusal) { Kind = MptErrorKind.StoppedByHook };
        }
        T result;
        try
        {
            result = change();
        }
        catch (Exception e)
        {
            RunAfter(Failed(facts, e.Message));
            throw;
        }
        RunAfter(facts with { Result = "done" });
        return result;
    }

    /// <inheritdoc cref="Around{T}"/>
    internal void Around(HookFacts facts, Action change) => Around(facts, () =>
    {
        change();
        return true;
    });

    /// <summary>Has the pre hooks run before a change of the control thread, which does not wait for them.</summary>
    /// <param name="then">
    /// Makes the change, or gets the sentence that says which hook has stopped it; at once where there are no hooks, otherwise later on the control
    /// thread. It looks first whether the change is still wanted.
    /// </param>
    internal void Begin(HookFacts facts, Action<string?> then)
    {
        if (!directory.Exists)
        {
            then(null);
            return;
        }
        if (post is not { } giveBack)
        {
            then(RunBefore(facts));
            return;
        }
        changes.TryAdd(() =>
        {
            string? refusal = RunBefore(facts);
            giveBack(() => then(refusal));
        });
    }

    /// <summary>A change of the control thread is made; its post hooks run in their turn.</summary>
    /// <param name="failure">Why it could not be made; null: it was.</param>
    internal void Made(HookFacts facts, string? failure = null)
    {
        if (!directory.Exists)
        {
            return;
        }
        HookFacts result = failure is null ? facts with { Result = "done" } : Failed(facts, failure);
        if (post is null)
        {
            RunAfter(result);
        }
        else
        {
            Enqueue(() => RunAfter(result));
        }
    }

    /// <summary>Something has happened; the hooks are told in their turn.</summary>
    internal void Happened(MptEvent happened)
    {
        // What hooks do is no news to hooks: a hook that writes something would be called for ever.
        if (happened.Kind is not (MptEventKind.HookOutput or MptEventKind.HookFailed) && directory.Exists)
        {
            Enqueue(() => RunAll(HookFacts.Of(happened), HookPhase.Event));
        }
    }

    /// <summary>Waits for hooks that are still to run, but not for ever, and ends those that still do.</summary>
    public void Dispose()
    {
        bool idle = told.WaitUntilIdle(limits.Stop);
        changes.Close();
        int left = told.Close() + (idle ? 0 : 1);
        abandon.Signal();
        // A killed hook ends within a moment, and then nobody looks at the descriptor any more.
        bool ended = told.WaitUntilIdle(limits.Stop) & changes.WaitUntilIdle(limits.Stop);
        spawner?.Dispose();
        if (left > 0)
        {
            Raise(MptEventKind.HookFailed, $"The server has stopped and did not wait longer than {limits.Stop.TotalSeconds:0} s for hooks: {left} call(s) of theirs were not made or not finished.");
        }
        if (ended)
        {
            abandon.Dispose();
        }
    }

    private static HookFacts Failed(HookFacts facts, string reason) => facts with { Result = "failed", Message = reason };

    private void Enqueue(Action work)
    {
        if (!told.TryAdd(() => { Report(); work(); }))
        {
            Interlocked.Increment(ref dropped);
        }
    }

    private void Report()
    {
        int count = Interlocked.Exchange(ref dropped, 0);
        if (count > 0)
        {
            Raise(MptEventKind.HookFailed, $"Hooks were not told of {count} event(s), because they take longer than events come and {limits.Queue} wait already. Let hooks start what takes long in the background.");
        }
    }

    private string? RunBefore(HookFacts facts) => RunAll(facts, HookPhase.Pre);

    private void RunAfter(HookFacts facts) => RunAll(facts, HookPhase.Post);

    /// <returns>Why the change is not to be made; null: nothing stands against it.</returns>
    private string? RunAll(HookFacts facts, HookPhase phase)
    {
        List<Hook> hooks = directory.Read();
        IReadOnlyList<string> environment = hooks.Count == 0 ? [] : facts.Environment(server, configDirectory!, phase);
        foreach (Hook hook in hooks)
        {
            if (Run(hook, facts, environment) is not { } fault)
            {
                continue;
            }
            if (phase == HookPhase.Pre)
            {
                string refusal = $"Hook {hook.Name} stopped {facts.Event}: {fault} Nothing was changed.";
                Raise(MptEventKind.ChangeRefused, refusal, facts, tellHooks: true);
                return refusal;
            }
            Raise(MptEventKind.HookFailed, $"Hook {hook.Name} failed at {phase.ToString().ToLowerInvariant()} {facts.Event}: {fault}", facts);
        }
        return null;
    }

    /// <returns>Null, or in a sentence how it failed.</returns>
    private string? Run(Hook hook, HookFacts facts, IReadOnlyList<string> environment)
    {
        ChildResult result;
        try
        {
            using ChildProcess process = spawner!.Start(hook.File, hook.Name, environment);
            result = process.WaitForEnd(limits.Run, abandon);
        }
        catch (SystemCallException e)
        {
            return $"{e.Message} A script begins with the program that reads it: #!/bin/sh.";
        }
        catch (InvalidOperationException)
        {
            return "the server has stopped.";
        }
        foreach (string line in result.Output.Lines)
        {
            Raise(MptEventKind.HookOutput, $"Hook {hook.Name} ({facts.Event}): {line}", facts);
        }
        if (result.Output.Dropped > 0)
        {
            Raise(MptEventKind.HookOutput, $"Hook {hook.Name} ({facts.Event}) wrote {result.Output.Dropped} more line(s); the first {ChildOutput.MaximumLines} are kept.", facts);
        }
        string how = result switch
        {
            { Succeeded: true } => "",
            { TimedOut: true } => $"it did not end within {limits.Run.TotalSeconds:0.###} s and was killed",
            { ExitCode: { } code } => $"exit code {code}",
            _ => "the server has stopped",
        };
        return how.Length == 0 ? null : $"{how}; {(result.Output.Last is { } last ? $"its last line: {last}" : "it wrote nothing")}{(result.Output.Last?.EndsWith('.') == true ? "" : ".")}";
    }

    private void Raise(MptEventKind kind, string message, HookFacts? about = null, bool tellHooks = false)
    {
        MptEvent happened = new()
        {
            Time = time.GetUtcNow(),
            Kind = kind,
            Server = server,
            Connection = about?.Connection,
            Path = about?.Path,
            Message = message,
        };
        events.Raise(happened);
        if (tellHooks)
        {
            Happened(happened);
        }
    }
}
