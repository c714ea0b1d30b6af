using System.Reflection;
using MptTools.Mptsrv;
using MptTools.Mptsrv.Demo;

Options? options = Options.Parse(args, out string fault);
if (options is null)
{
    Console.Error.Write($"mptsrv: {fault}\n\n{Options.Usage}");
    return ExitCode.Usage;
}
switch (options.Job)
{
    case Job.Help:
        Console.Out.Write(Options.Usage);
        return ExitCode.Done;
    case Job.Version:
        Console.Out.WriteLine(
            $"mptsrv {typeof(Options).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion}");
        return ExitCode.Done;
    case Job.Check:
        return ConfigCheck.Run(options.ConfigDirectory, Console.Out);
    case Job.Demo:
        return Demonstration.Run(Console.Out);
    default:
        return options.Detach ? Background.Start(options) : Foreground.Run(options);
}
