using System.Diagnostics;
using System.IO.Pipes;
using MptTools.Engine.Config;
using MptTools.Engine.Linux;

namespace MptTools.Mptsrv;

/// <summary>
/// <c>mptsrv -d</c>. A running .NET process cannot fork, so the process in front starts the program anew in a session of its
/// own and reads a pipe: what the one in the background has to say until it runs, then a zero byte; the pipe's end without one
/// says that it could not start.
/// </summary>
/// <remarks>
/// The pipe is one of our own because the runtime keeps duplicates of its standard streams, which nobody can close: whoever
/// reads those of a daemon, a shell's $(...) for instance, would wait for ever.
/// </remarks>
internal sealed class Background : IDisposable
{
    private const byte Running = 0;
    private const int StandardInput = 0, StandardOutput = 1, StandardError = 2;

    private readonly AnonymousPipeClientStream news;

    private Background(AnonymousPipeClientStream news)
    {
        this.news = news;
        StreamWriter said = new(news) { AutoFlush = true };
        Console.SetOut(said);
        Console.SetError(said);
    }

    /// <summary>In front: starts the one in the background and tells how it went.</summary>
    internal static int Start(Options options)
    {
        using var news = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.Inheritable);
        (string file, string[] leading) = OwnProgram.Command();
        var program = new ProcessStartInfo
        {
            FileName = file,
            // Not to keep a file system busy for as long as the server runs.
            WorkingDirectory = "/",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in (string[])[.. leading, .. options.ServerArguments(), Options.DetachedOption, news.GetClientHandleAsString()])
        {
            program.ArgumentList.Add(argument);
        }
        ServiceManager.Inherit(program.Environment);
        using Process server = Process.Start(program)!;
        news.DisposeLocalCopyOfClientHandle();
        server.StandardInput.Close();
        using MemoryStream said = new();
        int next;
        while ((next = news.ReadByte()) > Running)
        {
            said.WriteByte((byte)next);
        }
        bool isRunning = next == Running;
        using (Stream output = isRunning ? Console.OpenStandardOutput() : Console.OpenStandardError())
        {
            said.WriteTo(output);
        }
        if (isRunning)
        {
            ServiceManager.HandOver(server.Id);
            Console.Out.WriteLine($"The server runs in the background as process {server.Id}.");
            return ExitCode.Done;
        }
        // Only a crash of the runtime itself speaks here.
        server.StandardError.BaseStream.CopyTo(Console.OpenStandardError());
        server.WaitForExit();
        return server.ExitCode;
    }

    /// <summary>In the background, first of all: leaves the terminal's session.</summary>
    internal static Background Enter(string handle)
    {
        SystemCallException.Check(Libc.setsid(), "Leaving the terminal's session");
        return new Background(new AnonymousPipeClientStream(PipeDirection.Out, handle));
    }

    /// <summary>In the background, when the server runs: lets go of the terminal and of who waits in front.</summary>
    internal void LetGo()
    {
        int nothing = SystemCallException.Check(Libc.open("/dev/null", Libc.O_RDWR), "Opening /dev/null");
        foreach (int descriptor in new[] { StandardInput, StandardOutput, StandardError })
        {
            SystemCallException.Check(Libc.dup2(nothing, descriptor), "Letting go of the terminal");
        }
        SystemCallException.Check(Libc.close(nothing), "Closing /dev/null");
        Console.SetOut(TextWriter.Null);
        Console.SetError(TextWriter.Null);
        try
        {
            news.WriteByte(Running);
            news.Dispose();
        }
        catch (IOException)
        {
            // Who waited in front was ended meanwhile; the server was asked for and runs all the same.
            return;
        }
    }

    public void Dispose() => news.Dispose();
}
